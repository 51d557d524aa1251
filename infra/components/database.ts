import * as gcp from '@pulumi/gcp';
import * as pulumi from '@pulumi/pulumi';
import type { Site } from '../site.ts';
import type { AgentFunction } from './agent-function.ts';

export interface DatabaseArgs {
  readonly site: Site;
  readonly functions: readonly AgentFunction[];
}

/**
 * The database, its indexes, what of it passes by itself, its backups, and who may use it. An agent's role holds for this database
 * alone, whatever else the project keeps.
 */
export class Database extends pulumi.ComponentResource {
  readonly database: gcp.firestore.Database;

  constructor(name: string, { site, functions }: DatabaseArgs, opts: pulumi.ComponentResourceOptions) {
    super('mesh:infra:Database', name, {}, opts);
    const { config, topology, ready } = site;
    const { project, region, protect, firestore } = config;
    this.database = new gcp.firestore.Database(
      'database',
      {
        name: firestore.database,
        locationId: firestore.location ?? region,
        type: 'FIRESTORE_NATIVE',
        pointInTimeRecoveryEnablement: firestore.pointInTimeRecovery
          ? 'POINT_IN_TIME_RECOVERY_ENABLED'
          : 'POINT_IN_TIME_RECOVERY_DISABLED',
        deleteProtectionState: protect ? 'DELETE_PROTECTION_ENABLED' : 'DELETE_PROTECTION_DISABLED',
        // Left out, a database that is destroyed stays, and making it again fails.
        deletionPolicy: protect ? 'ABANDON' : 'DELETE',
      },
      { parent: this, protect, dependsOn: ready('firestore') },
    );
    const database = this.database.name;
    const child = { parent: this };
    for (const { collection, fields } of topology.indexes) {
      new gcp.firestore.Index(
        `${collection}-${fields.map(({ field, order }) => (order === 'contains' ? `${field}-contains` : field)).join('-')}`,
        {
          database,
          collection,
          queryScope: 'COLLECTION',
          fields: fields.map(({ field, order }) => ({
            fieldPath: field,
            ...(order === 'contains' ? { arrayConfig: 'CONTAINS' } : { order: order.toUpperCase() }),
          })),
        },
        child,
      );
    }
    for (const collection of topology.expiring) {
      new gcp.firestore.Field(
        `${collection}-expiry`,
        // Without an index on it: nobody asks by it, and times that go up with each write make one part of an index hot.
        { database, collection, field: 'expireAt', ttlConfig: {}, indexConfig: {} },
        child,
      );
    }
    this.#backUp(site);
    for (const { agent, account } of functions) {
      if (!topology.grants.some((grant) => grant.agent === agent && grant.may === 'use-database')) continue;
      new gcp.projects.IAMMember(
        `${agent}-database`,
        {
          project,
          role: 'roles/datastore.user',
          member: account.member,
          condition: {
            title: 'the database of the mesh',
            expression: `resource.name == "projects/${project}/databases/${firestore.database}"`,
          },
        },
        { parent: this, dependsOn: ready('cloudresourcemanager', 'iam') },
      );
    }
    this.registerOutputs({ database });
  }

  #backUp({ config }: Site): void {
    const { backups } = config.firestore;
    if (!backups) return;
    const database = this.database.name;
    new gcp.firestore.BackupSchedule(
      'daily',
      { database, retention: `${backups.dailyDays * 86_400}s`, dailyRecurrence: {} },
      { parent: this },
    );
    new gcp.firestore.BackupSchedule(
      'weekly',
      { database, retention: `${backups.weeklyWeeks * 604_800}s`, weeklyRecurrence: { day: 'SUNDAY' } },
      { parent: this },
    );
  }
}
