import * as gcp from '@pulumi/gcp';
import * as pulumi from '@pulumi/pulumi';
import type { Site } from '../site.ts';

/**
 * Where bundles are kept, and the images made of them. Old bundles stay for `artifacts.keepDays`: going back to one of them is
 * deploying its hash again.
 */
export class ArtifactStorage extends pulumi.ComponentResource {
  readonly bucket: gcp.storage.Bucket;
  readonly images: gcp.artifactregistry.Repository;

  constructor(name: string, site: Site, opts: pulumi.ComponentResourceOptions) {
    super('mesh:infra:ArtifactStorage', name, {}, opts);
    const { config, projectNumber, ready } = site;
    const { project, region, prefix, protect, artifacts, functions } = config;
    this.bucket = new gcp.storage.Bucket(
      'bundles',
      {
        // Bucket names are the whole world's: the project's id makes it ours.
        name: `${project}-${prefix}-bundles`,
        location: region,
        uniformBucketLevelAccess: true,
        publicAccessPrevention: 'enforced',
        versioning: { enabled: true },
        lifecycleRules: [
          {
            action: { type: 'Delete' },
            condition: { daysSinceNoncurrentTime: artifacts.keepDays, withState: 'ARCHIVED' },
          },
        ],
        forceDestroy: !protect,
      },
      { parent: this, protect, dependsOn: ready('storage') },
    );
    this.images = new gcp.artifactregistry.Repository(
      'images',
      {
        location: region,
        repositoryId: prefix,
        format: 'DOCKER',
        description: 'Images of the functions',
        dockerConfig: { immutableTags: functions.mode === 'image' },
        cleanupPolicies: [
          { id: 'delete-old', action: 'DELETE', condition: { olderThan: `${artifacts.keepDays * 86_400}s` } },
          { id: 'keep-newest', action: 'KEEP', mostRecentVersions: { keepCount: 10 } },
        ],
      },
      { parent: this, dependsOn: ready('artifactregistry') },
    );
    if (functions.mode === 'run-zip') {
      // Cloud Run itself reads the source, as its service agent.
      new gcp.storage.BucketIAMMember(
        'run-reads-bundles',
        {
          bucket: this.bucket.name,
          role: 'roles/storage.objectViewer',
          member: pulumi.interpolate`serviceAccount:service-${projectNumber}@serverless-robot-prod.iam.gserviceaccount.com`,
        },
        { parent: this, dependsOn: ready('storage', 'run') },
      );
    }
    this.registerOutputs({ bucket: this.bucket.name });
  }
}
