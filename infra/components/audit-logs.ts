import * as gcp from '@pulumi/gcp';
import * as pulumi from '@pulumi/pulumi';
import type { Site } from '../site.ts';

/** Who did what: written for the services that the stack names, kept apart from the other logs, for as long as it says. */
export class AuditLogs extends pulumi.ComponentResource {
  constructor(name: string, { site }: { readonly site: Site }, opts: pulumi.ComponentResourceOptions) {
    super('mesh:infra:AuditLogs', name, {}, opts);
    const { config, ready } = site;
    const { project, prefix, audit, protect, region } = config;
    for (const service of audit.services) {
      new gcp.projects.IAMAuditConfig(
        service,
        {
          project,
          service,
          auditLogConfigs: ['ADMIN_READ', 'DATA_READ', 'DATA_WRITE'].map((logType) => ({ logType })),
        },
        { parent: this, dependsOn: ready('cloudresourcemanager') },
      );
    }
    const bucket = new gcp.logging.ProjectBucketConfig(
      'audit',
      {
        project,
        location: region,
        bucketId: `${prefix}-audit`,
        description: 'Who did what',
        retentionDays: audit.retentionDays,
        locked: audit.lock,
      },
      { parent: this, protect, dependsOn: ready('logging') },
    );
    new gcp.logging.ProjectSink(
      'audit',
      {
        name: `${prefix}-audit`,
        destination: pulumi.interpolate`logging.googleapis.com/projects/${project}/locations/${region}/buckets/${bucket.bucketId}`,
        filter:
          'log_id("cloudaudit.googleapis.com/activity") OR log_id("cloudaudit.googleapis.com/data_access") OR log_id("cloudaudit.googleapis.com/policy")',
        uniqueWriterIdentity: true,
      },
      { parent: this },
    );
    this.registerOutputs();
  }
}
