import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Grant } from '../../emulator/iam/access-control.ts';
import { accountName } from '../../emulator/iam/principal.ts';
import { captureGraph } from '../../infra/preview/capture.ts';
import { type DeployedGrant, grantsIn } from '../../infra/preview/grants.ts';
import { readStackConfig } from '../../infra/preview/stack-config.ts';
import { standInBundles } from '../../infra/preview/stand-in-bundles.ts';
import { MeshError } from '../../shared/contract/errors.ts';
import type { Json } from '../../shared/contract/json.ts';
import { LOCATION } from './identities.ts';

export interface StackGrantsOptions {
  /** `dev`: the stack of `Pulumi.dev.yaml`. */
  readonly stack: string;
  /** The agents' folder, beside which the stack's program is. */
  readonly agents: string;
  /** Of the local mesh. */
  readonly project: string;
  readonly prefix: string;
}

/**
 * What a stack would grant if it were deployed as the local mesh: in its project, by its names.
 *
 * @throws MeshError `NotFound` for a stack without a file; `ConfigurationInvalid` where there is no program, or what it says
 */
export async function stackGrants({ stack, agents, project, prefix }: StackGrantsOptions): Promise<Grant[]> {
  const root = dirname(agents);
  if (!existsSync(join(root, 'Pulumi.yaml')))
    throw new MeshError('ConfigurationInvalid', `there is no Pulumi.yaml beside ${agents}`, {
      field: '--enforce-iam',
      hint: 'The grants are those of the program that deploys the agents: use --enforce-iam where there is one.',
    });
  const { project: program, values } = await readStackConfig(root, stack);
  const bundles = standInBundles(root);
  try {
    const graph = await captureGraph({
      stack,
      root,
      config: {
        [`${program}:project`]: project,
        [`${program}:prefix`]: prefix,
        [`${program}:region`]: LOCATION,
        [`${program}:firestore`]: withDefaultDatabase(values[`${program}:firestore`]),
      },
      env: { MESH_BUNDLES: bundles.folder },
    });
    return grantsIn(graph).flatMap((grant) => localGrant(grant, project));
  } finally {
    bundles.remove();
  }
}

/** A local mesh keeps its documents in the default database. */
function withDefaultDatabase(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const { database: _, ...rest } = JSON.parse(text) as { readonly [key: string]: Json };
  return JSON.stringify(rest);
}

/** Where a grant holds here; one on what the local cloud does not have, such as a bucket, holds nowhere. */
function localGrant({ member, role, on, condition }: DeployedGrant, project: string): Grant[] {
  const resource = condition === undefined ? resourceOf(on, project) : resourceIn(condition);
  return resource === undefined ? [] : [{ member, role, resource }];
}

function resourceOf({ kind, name }: DeployedGrant['on'], project: string): string | undefined {
  switch (kind) {
    case 'topic':
    case 'subscription':
    case 'secret':
      return `projects/${project}/${kind}s/${name}`;
    case 'queue':
    case 'service':
      return `projects/${project}/locations/${LOCATION}/${kind}s/${name}`;
    case 'account':
      return accountName(name);
    case 'project':
      return `projects/${project}`;
    case 'bucket':
    case 'repository':
      return undefined;
  }
}

/** The one resource that a condition confines a grant to. A condition of any other form is not evaluated: its grant holds nowhere. */
function resourceIn(condition: string): string | undefined {
  return /^resource\.name == "([^"]+)"$/.exec(condition)?.[1];
}
