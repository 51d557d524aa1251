import type { AccessControl } from '../../emulator/iam/access-control.ts';
import { principalOf } from '../../emulator/iam/principal.ts';
import type { RunOptions } from '../../emulator/run/server.ts';
import { type Deployment, deploymentEnv } from '../../shared/contract/deployment.ts';
import { MeshError } from '../../shared/contract/errors.ts';
import { topicOf } from '../../shared/contract/names.ts';
import { EMULATOR_HOST, EMULATOR_PRINCIPAL, type PushIdentity } from '../../shared/gcp/index.ts';
import type { AgentFunction } from '../../shared/topology.ts';

/** Where a topology is unless it is told otherwise. */
export const LOCATION = 'us-central1';

/** Whoever runs the mesh, by the command line: nothing is refused to them. */
export const operatorEnv = { [EMULATOR_PRINCIPAL]: 'owner' };

/** What tells the process of an agent who it is: its calls, and what it has sent later, are held to the grants of its account. */
export function identityEnv({ accounts, deployment }: AgentFunction): Record<string, string> {
  const account = emailOf(accounts.runtime, deployment);
  return {
    ...deploymentEnv({ ...deployment, timersAccount: account }),
    [EMULATOR_PRINCIPAL]: `serviceAccount:${account}`,
  };
}

/** Whom Pub/Sub pushes to each agent as. */
export function pushIdentities(functions: readonly AgentFunction[]): (agent: string) => PushIdentity {
  const accounts = new Map(
    functions.map(({ agent, accounts: { push }, deployment }) => [agent, emailOf(push, deployment)]),
  );
  return (agent) => ({ serviceAccountEmail: accounts.get(agent) ?? '' });
}

/** Whether a caller of an agent's function is granted to invoke the service that it is deployed as. */
export function invokers(
  access: AccessControl,
  { project, prefix }: { readonly project: string; readonly prefix: string },
): NonNullable<RunOptions['mayInvoke']> {
  return (agent, header) => {
    const service = `projects/${project}/locations/${LOCATION}/services/${topicOf(prefix, agent)}`;
    const principal = principalOf(header) ?? 'allUsers';
    return access.decide(principal, 'run.routes.invoke', service);
  };
}

/**
 * Access is enforced by our servers alone.
 *
 * @throws MeshError `ConfigurationInvalid` where the environment names others to use in place of them
 */
export function refuseOtherEmulators(env: Readonly<Record<string, string | undefined>>): void {
  for (const variable of [EMULATOR_HOST.pubsub, EMULATOR_HOST.firestore]) {
    if (!env[variable]) continue;
    throw new MeshError('ConfigurationInvalid', `${variable} names a server that does not enforce access`, {
      field: variable,
      hint: `Unset ${variable}, or leave --enforce-iam out.`,
    });
  }
}

const emailOf = (account: string, { project }: Deployment) => `${account}@${project}.iam.gserviceaccount.com`;
