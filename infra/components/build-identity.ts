import * as gcp from '@pulumi/gcp';
import * as pulumi from '@pulumi/pulumi';
import { stackAccounts } from '../check-site.ts';
import type { Site } from '../site.ts';
import type { ArtifactStorage } from './artifact-storage.ts';

/**
 * Who makes images of bundles, in the mode `function`. Left to itself Cloud Build does so as the project's default account, which may
 * edit everything: code that runs in a build would have the project.
 */
export class BuildIdentity extends pulumi.ComponentResource {
  readonly account: gcp.serviceaccount.Account;
  /** What has to be there before a build can be made. */
  readonly grants: readonly pulumi.Resource[];

  constructor(
    name: string,
    { site, storage }: { readonly site: Site; readonly storage: ArtifactStorage },
    opts: pulumi.ComponentResourceOptions,
  ) {
    super('mesh:infra:BuildIdentity', name, {}, opts);
    const { config, ready, projectNumber } = site;
    const { project, region, prefix } = config;
    const iam = { parent: this, dependsOn: ready('iam', 'cloudresourcemanager') };
    this.account = new gcp.serviceaccount.Account(
      'build',
      { accountId: stackAccounts(prefix).build, displayName: `${prefix}: builds functions` },
      { parent: this, dependsOn: ready('iam') },
    );
    const { member } = this.account;
    this.grants = [
      new gcp.projects.IAMMember('build-logs', { project, role: 'roles/logging.logWriter', member }, iam),
      new gcp.projects.IAMMember(
        'build-reads-sources',
        {
          project,
          role: 'roles/storage.objectViewer',
          member,
          condition: {
            title: 'sources of functions',
            expression: pulumi.interpolate`resource.name.startsWith("projects/_/buckets/${storage.bucket.name}/") || resource.name.startsWith("projects/_/buckets/gcf-v2-sources-${projectNumber}-${region}/")`,
          },
        },
        iam,
      ),
      new gcp.artifactregistry.RepositoryIamMember(
        'build-pushes-images',
        {
          location: region,
          repository: storage.images.name,
          role: 'roles/artifactregistry.writer',
          member,
        },
        { parent: this, dependsOn: ready('artifactregistry') },
      ),
    ];
    this.registerOutputs({ email: this.account.email });
  }
}
