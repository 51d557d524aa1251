import { grantsIn } from '../grants.ts';
import { type GraphResource, ofType } from '../graph.ts';
import { emailOf, fields, isProduction, type Policy, told, workloadsOf } from '../policy.ts';

const where = (resources: readonly GraphResource[], wrong: (resource: GraphResource) => boolean) =>
  resources.filter(wrong).map(told);

/** What would be gone with its resource. */
const HOLDS_DATA = [
  'firestore.Database',
  'secretmanager.Secret',
  'storage.Bucket',
  'logging.ProjectBucketConfig',
  'kms.KeyRing',
  'kms.CryptoKey',
];

export const dataPolicies: readonly Policy[] = [
  {
    name: 'each secret is read by a function, and by functions alone',
    breaches: (graph) => {
      const secrets = new Set(
        ofType(graph, 'secretmanager.Secret').map(({ inputs }) => String(inputs.secretId)),
      );
      const agents = new Set(workloadsOf(graph).map(({ account }) => account));
      const reads = grantsIn(graph).filter(({ on }) => on.kind === 'secret');
      return [
        ...[...secrets].filter((secret) => !reads.some(({ on }) => on.name === secret)),
        ...reads
          .filter(
            ({ on, member, role }) =>
              !secrets.has(on.name) ||
              !agents.has(emailOf(member)) ||
              role !== 'roles/secretmanager.secretAccessor',
          )
          .map(({ member, on }) => `${member} on ${on.name}`),
      ];
    },
  },
  {
    name: 'the version that a function is told of is one of a secret that it may read',
    breaches: (graph) =>
      workloadsOf(graph).flatMap(({ resource, account, env }) => {
        const told_ = env.find(([name]) => name === 'MESH_SECRET_VERSIONS')?.[1] ?? '';
        const readable = new Set(
          grantsIn(graph)
            .filter(({ on, member }) => on.kind === 'secret' && emailOf(member) === account)
            .map(({ on }) => on.name),
        );
        return told_
          .split(',')
          .filter(Boolean)
          .filter((each) => !readable.has(each.split('=')[0] ?? '') || !/=[1-9]\d*$/.test(each))
          .map((each) => `${told(resource)} is told of ${each}`);
      }),
  },
  {
    name: 'keys are used by functions alone, which may not manage them, and are given new versions by themselves',
    breaches: (graph) => {
      const agents = new Set(workloadsOf(graph).map(({ account }) => account));
      return [
        ...grantsIn(graph)
          .filter(
            ({ on, member, role }) =>
              (on.kind === 'key' || on.kind === 'key ring' || role.startsWith('roles/cloudkms.')) &&
              (!agents.has(emailOf(member)) ||
                on.kind === 'project' ||
                role !== 'roles/cloudkms.cryptoKeyEncrypterDecrypter'),
          )
          .map(({ member, role, on }) => `${role} on ${on.name} for ${member}`),
        ...where(ofType(graph, 'kms.CryptoKey'), ({ inputs }) => inputs.rotationPeriod === undefined),
      ];
    },
  },
  {
    name: 'no value of a secret passes through the program',
    breaches: (graph) => [
      ...ofType(graph, 'secretmanager.SecretVersion').map(told),
      ...ofType(graph, 'monitoring.NotificationChannel')
        .filter(({ inputs, secrets }) =>
          Object.keys(fields(inputs.sensitiveLabels)).some(
            (label) => !secrets.includes(`sensitiveLabels.${label}`) && !secrets.includes('sensitiveLabels'),
          ),
        )
        .map(told),
    ],
  },
  {
    name: 'buckets are governed as one, and can not be made public',
    breaches: (graph) =>
      where(
        ofType(graph, 'storage.Bucket'),
        ({ inputs }) =>
          inputs.uniformBucketLevelAccess !== true || inputs.publicAccessPrevention !== 'enforced',
      ),
  },
  {
    name: 'a database of production is protected, backed up, and can be put back to any minute of a week',
    breaches: (graph) => {
      if (!isProduction(graph)) return [];
      const backups = ofType(graph, 'firestore.BackupSchedule');
      const kept = ['dailyRecurrence', 'weeklyRecurrence'].every((how) =>
        backups.some(({ inputs }) => inputs[how] !== undefined),
      );
      return where(
        ofType(graph, 'firestore.Database'),
        ({ inputs, protect }) =>
          !protect ||
          !kept ||
          inputs.deleteProtectionState !== 'DELETE_PROTECTION_ENABLED' ||
          inputs.pointInTimeRecoveryEnablement !== 'POINT_IN_TIME_RECOVERY_ENABLED' ||
          inputs.deletionPolicy !== 'ABANDON',
      );
    },
  },
  {
    name: 'a database elsewhere can be destroyed and made again',
    breaches: (graph) =>
      isProduction(graph)
        ? []
        : where(ofType(graph, 'firestore.Database'), ({ inputs }) => inputs.deletionPolicy !== 'DELETE'),
  },
  {
    name: 'what holds data is protected in production, and nothing is elsewhere',
    breaches: (graph) =>
      isProduction(graph)
        ? HOLDS_DATA.flatMap((type) => where(ofType(graph, type), ({ protect }) => !protect))
        : where(graph.resources, ({ protect }) => protect),
  },
  {
    name: 'what expires is deleted by its time alone, which is no index',
    breaches: (graph) =>
      where(
        ofType(graph, 'firestore.Field'),
        ({ inputs }) => inputs.ttlConfig === undefined || JSON.stringify(inputs.indexConfig) !== '{}',
      ),
  },
];
