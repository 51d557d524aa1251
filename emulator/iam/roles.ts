/** What each method of each service asks for, by kind of resource: `pubsub.topics` has `publish`, `get`, and so on. */
const KINDS = {
  'pubsub.topics':
    'attachSubscription create delete detachSubscription get getIamPolicy list publish setIamPolicy update updateTag',
  'pubsub.subscriptions': 'consume create delete get getIamPolicy list setIamPolicy update',
  'pubsub.snapshots': 'create delete get getIamPolicy list seek setIamPolicy update',
  'pubsub.schemas':
    'attach commit create delete get getIamPolicy list listRevisions rollback setIamPolicy validate',
  'secretmanager.secrets': 'create delete get getIamPolicy list setIamPolicy update',
  'secretmanager.versions': 'access add destroy disable enable get list',
  'cloudtasks.queues': 'create delete get getIamPolicy list pause purge resume setIamPolicy update',
  'cloudtasks.tasks': 'create delete fullView get list run',
  'datastore.databases': 'get getMetadata list create update delete',
  'datastore.entities': 'allocateIds create delete get list update',
  'datastore.indexes': 'create delete get list update',
  'iam.serviceAccounts': 'actAs getAccessToken getOpenIdToken',
  'run.routes': 'invoke',
  'cloudkms.keyRings': 'create get getIamPolicy list setIamPolicy',
  'cloudkms.cryptoKeys': 'create get getIamPolicy list setIamPolicy update',
  'cloudkms.cryptoKeyVersions': 'create destroy get list restore update useToDecrypt useToEncrypt',
} as const;

const ALL = permissionsOf(...(Object.keys(KINDS) as (keyof typeof KINDS)[]));
const PUBSUB = ALL.filter((permission) => permission.startsWith('pubsub.'));
const SECRETS = ALL.filter((permission) => permission.startsWith('secretmanager.'));
const TASKS = ALL.filter((permission) => permission.startsWith('cloudtasks.'));
const KMS = ALL.filter((permission) => permission.startsWith('cloudkms.'));
const DATASTORE = ALL.filter((permission) => permission.startsWith('datastore.'));
const isRead = (permission: string) => /\.(get|list|getMetadata|listRevisions|validate)$/.test(permission);
const isPolicy = (permission: string) => permission.endsWith('IamPolicy');
const without = (permissions: readonly string[], drop: (permission: string) => boolean) =>
  permissions.filter((permission) => !drop(permission));

/** https://cloud.google.com/iam/docs/roles-permissions: the predefined roles that bear on what runs here. */
const ROLES: Readonly<Record<string, readonly string[]>> = {
  'roles/owner': ALL,
  'roles/editor': without(
    ALL,
    (permission) => permission.endsWith('setIamPolicy') || permission.endsWith('.access'),
  ),
  'roles/viewer': ALL.filter(isRead),
  'roles/pubsub.admin': PUBSUB,
  'roles/pubsub.editor': without(PUBSUB, isPolicy),
  'roles/pubsub.viewer': PUBSUB.filter(isRead),
  'roles/pubsub.publisher': ['pubsub.topics.publish'],
  'roles/pubsub.subscriber': [
    'pubsub.snapshots.seek',
    'pubsub.subscriptions.consume',
    'pubsub.topics.attachSubscription',
  ],
  'roles/secretmanager.admin': SECRETS,
  'roles/secretmanager.viewer': SECRETS.filter(isRead),
  'roles/secretmanager.secretAccessor': ['secretmanager.versions.access'],
  'roles/secretmanager.secretVersionAdder': ['secretmanager.versions.add'],
  'roles/secretmanager.secretVersionManager': without(permissionsOf('secretmanager.versions'), (permission) =>
    permission.endsWith('.access'),
  ),
  'roles/cloudtasks.admin': TASKS,
  'roles/cloudtasks.viewer': TASKS.filter(isRead),
  'roles/cloudtasks.enqueuer': ['cloudtasks.tasks.create', 'cloudtasks.tasks.fullView'],
  'roles/cloudtasks.taskDeleter': ['cloudtasks.tasks.delete'],
  'roles/cloudtasks.taskRunner': ['cloudtasks.tasks.fullView', 'cloudtasks.tasks.run'],
  'roles/cloudtasks.queueAdmin': permissionsOf('cloudtasks.queues'),
  'roles/datastore.owner': DATASTORE,
  'roles/datastore.user': [
    ...permissionsOf('datastore.entities'),
    'datastore.databases.get',
    'datastore.databases.getMetadata',
    'datastore.indexes.list',
  ],
  'roles/datastore.viewer': DATASTORE.filter(isRead),
  'roles/datastore.indexAdmin': permissionsOf('datastore.indexes'),
  'roles/iam.serviceAccountUser': ['iam.serviceAccounts.actAs'],
  'roles/iam.serviceAccountTokenCreator': [
    'iam.serviceAccounts.getAccessToken',
    'iam.serviceAccounts.getOpenIdToken',
  ],
  'roles/run.invoker': ['run.routes.invoke'],
  'roles/cloudkms.admin': without(KMS, (permission) => /\.useTo/.test(permission)),
  'roles/cloudkms.cryptoKeyEncrypterDecrypter': [
    'cloudkms.cryptoKeyVersions.useToDecrypt',
    'cloudkms.cryptoKeyVersions.useToEncrypt',
  ],
  'roles/cloudkms.cryptoKeyDecrypter': ['cloudkms.cryptoKeyVersions.useToDecrypt'],
};

/** Whether the role holds the permission. A role that is not known here, such as a custom one, holds none. */
export function roleHolds(role: string, permission: string): boolean {
  return ROLES[role]?.includes(permission) ?? false;
}

function permissionsOf(...kinds: readonly (keyof typeof KINDS)[]): string[] {
  return kinds.flatMap((kind) => KINDS[kind].split(' ').map((verb) => `${kind}.${verb}`));
}
