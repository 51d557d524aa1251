import * as gcp from '@pulumi/gcp';
import * as pulumi from '@pulumi/pulumi';
import type { Site } from '../site.ts';
import type { AgentFunction } from './agent-function.ts';

export interface SecretsArgs {
  readonly site: Site;
  readonly functions: readonly AgentFunction[];
}

/**
 * A container for each secret that a contract names, and who may read it. Values are put in by hand or by whoever rotates them: they pass
 * neither through this program nor through its state (I12).
 */
export class Secrets extends pulumi.ComponentResource {
  constructor(name: string, { site, functions }: SecretsArgs, opts: pulumi.ComponentResourceOptions) {
    super('mesh:infra:Secrets', name, {}, opts);
    const { config, topology, ready } = site;
    const { protect } = config;
    const secrets = new Map(
      topology.secrets.map((secretId) => [
        secretId,
        new gcp.secretmanager.Secret(
          secretId,
          {
            secretId,
            replication: { auto: {} },
            deletionProtection: protect,
            // A version that is destroyed can be had back for a day.
            versionDestroyTtl: '86400s',
          },
          { parent: this, protect, dependsOn: ready('secretmanager') },
        ),
      ]),
    );
    for (const { agent, account } of functions) {
      for (const grant of topology.grants) {
        const secret = grant.agent === agent && grant.may === 'read-secret' && secrets.get(grant.secret);
        if (!secret) continue;
        new gcp.secretmanager.SecretIamMember(
          `${agent}-reads-${grant.secret}`,
          { secretId: secret.secretId, role: 'roles/secretmanager.secretAccessor', member: account.member },
          { parent: this },
        );
      }
    }
    this.registerOutputs();
  }
}
