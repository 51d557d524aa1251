import * as gcp from '@pulumi/gcp';
import * as pulumi from '@pulumi/pulumi';
import { stackAccounts } from '../check-site.ts';
import type { Config } from '../config.ts';
import { PROJECT_POLICY, permissionsFor } from '../delivery-permissions.ts';
import type { Site } from '../site.ts';
import type { AgentFunction } from './agent-function.ts';
import type { BuildIdentity } from './build-identity.ts';

export interface DeliveryIdentityArgs {
  readonly site: Site;
  readonly delivery: NonNullable<Config['delivery']>;
  readonly functions: readonly AgentFunction[];
  readonly build?: BuildIdentity | undefined;
}

/** What a deployment may grant on the project, and nothing more. */
const GRANTABLE = ['roles/datastore.user', 'roles/logging.logWriter', 'roles/storage.objectViewer'];

/**
 * Who deploys: the workflows of one repository, known by the forge's own tokens, without any key. A preview may only look, from any
 * branch or pull request of the repository; a deployment may change, and only from the environment that the stack names, where the forge asks
 * for approval. Neither may change this component: that takes a person.
 */
export class DeliveryIdentity extends pulumi.ComponentResource {
  readonly provider: pulumi.Output<string>;
  readonly preview: gcp.serviceaccount.Account;
  readonly deploy: gcp.serviceaccount.Account;

  constructor(name: string, args: DeliveryIdentityArgs, opts: pulumi.ComponentResourceOptions) {
    super('mesh:infra:DeliveryIdentity', name, {}, opts);
    const { site, delivery } = args;
    const { config, ready } = site;
    const { prefix } = config;
    const iam = { parent: this, dependsOn: ready('iam', 'iamcredentials', 'sts') };
    const pool = new gcp.iam.WorkloadIdentityPool(
      'forge',
      { workloadIdentityPoolId: `${prefix}-delivery`, displayName: `${prefix}: delivery` },
      iam,
    );
    const provider = new gcp.iam.WorkloadIdentityPoolProvider(
      'forge',
      {
        workloadIdentityPoolId: pool.workloadIdentityPoolId,
        workloadIdentityPoolProviderId: 'github',
        displayName: 'GitHub Actions',
        oidc: { issuerUri: 'https://token.actions.githubusercontent.com' },
        attributeMapping: {
          'google.subject': 'assertion.sub',
          'attribute.repository_id': 'assertion.repository_id',
        },
        // By number: whoever gives a name up leaves it to others, and a token of theirs would fit.
        attributeCondition: `assertion.repository_owner_id == "${delivery.ownerId}" && assertion.repository_id == "${delivery.repositoryId}"`,
      },
      iam,
    );
    this.provider = provider.name;
    const account = (id: 'preview' | 'deploy', description: string) =>
      new gcp.serviceaccount.Account(
        id,
        { accountId: stackAccounts(prefix)[id], displayName: `${prefix}: ${description}` },
        { parent: this, dependsOn: ready('iam') },
      );
    this.preview = account('preview', 'looks at what a deployment would change');
    this.deploy = account('deploy', 'deploys');
    const subject = `repo:${delivery.repository}:environment:${delivery.environment}`;
    this.#impersonated(
      'preview',
      this.preview,
      pulumi.interpolate`principalSet://iam.googleapis.com/${pool.name}/attribute.repository_id/${delivery.repositoryId}`,
    );
    this.#impersonated(
      'deploy',
      this.deploy,
      pulumi.interpolate`principal://iam.googleapis.com/${pool.name}/subject/${subject}`,
    );
    this.#roles(site);
    this.#actAs(args);
    if (delivery.stateBucket !== undefined) this.#state(delivery.stateBucket);
    this.registerOutputs({ provider: this.provider });
  }

  #impersonated(id: string, account: gcp.serviceaccount.Account, member: pulumi.Output<string>): void {
    new gcp.serviceaccount.IAMMember(
      `forge-as-${id}`,
      { serviceAccountId: account.name, role: 'roles/iam.workloadIdentityUser', member },
      { parent: this },
    );
  }

  #roles({ config, ready }: Site): void {
    const { project, prefix } = config;
    const child = { parent: this, dependsOn: ready('iam', 'cloudresourcemanager') };
    const role = (id: string, title: string, permissions: string[]) =>
      new gcp.projects.IAMCustomRole(
        id,
        {
          project,
          roleId: `${prefix}_${id}`.replaceAll('-', '_'),
          title: `${prefix}: ${title}`,
          permissions,
        },
        child,
      );
    const preview = role('preview', 'look at what is deployed', permissionsFor('preview'));
    const deploy = role('deploy', 'deploy', permissionsFor('deploy'));
    const grant = role('grant', 'grant what agents need', [
      'resourcemanager.projects.getIamPolicy',
      PROJECT_POLICY,
    ]);
    const given = (
      id: string,
      to: gcp.serviceaccount.Account,
      what: gcp.projects.IAMCustomRole,
      condition?: gcp.types.input.projects.IAMMemberCondition,
    ) =>
      new gcp.projects.IAMMember(
        id,
        { project, role: what.name, member: to.member, ...(condition && { condition }) },
        child,
      );
    given('preview', this.preview, preview);
    given('deploy', this.deploy, deploy);
    given('deploy-grants', this.deploy, grant, {
      title: 'only what agents need',
      // https://docs.cloud.google.com/iam/docs/setting-limits-on-granting-roles
      expression: `api.getAttribute("iam.googleapis.com/modifiedGrantsByRole", []).hasOnly([${GRANTABLE.map((one) => `"${one}"`).join(', ')}])`,
    });
  }

  /** Who deploys a function that runs as an account has to be allowed to act as it. */
  #actAs({ functions, build }: DeliveryIdentityArgs): void {
    const accounts = [
      ...functions.flatMap(({ agent, account, pushAccount }) => [
        [agent, account] as const,
        [`${agent}-push`, pushAccount] as const,
      ]),
      ...(build ? [['build', build.account] as const] : []),
    ];
    for (const [id, account] of accounts) {
      new gcp.serviceaccount.IAMMember(
        `deploy-as-${id}`,
        { serviceAccountId: account.name, role: 'roles/iam.serviceAccountUser', member: this.deploy.member },
        { parent: this },
      );
    }
  }

  /** Both lock the stack while they read it. */
  #state(bucket: string): void {
    for (const [id, account] of [
      ['preview', this.preview],
      ['deploy', this.deploy],
    ] as const) {
      new gcp.storage.BucketIAMMember(
        `${id}-state`,
        { bucket, role: 'roles/storage.objectUser', member: account.member },
        { parent: this },
      );
    }
  }
}
