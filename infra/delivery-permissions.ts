/**
 * What deploying takes, by the type of the resource: the permissions to look at one, which a preview has, and those to make and change
 * one, which a deployment has too. A type that the program makes and that is not listed here fails a test.
 *
 * https://docs.cloud.google.com/iam/docs/permissions-reference
 */
interface Permissions {
  readonly see: readonly string[];
  readonly change: readonly string[];
}

const crud = (resource: string, change: readonly string[] = ['create', 'update', 'delete']): Permissions => ({
  see: [`${resource}.get`],
  change: change.map((verb) => `${resource}.${verb}`),
});
const policy = (resource: string): Permissions => ({
  see: [`${resource}.getIamPolicy`],
  change: [`${resource}.setIamPolicy`],
});
const both = (...all: readonly Permissions[]): Permissions => ({
  see: all.flatMap(({ see }) => see),
  change: all.flatMap(({ change }) => change),
});
/** Made by a person, with `pulumi up` from their own machine: a deployment must not change what it may do itself. */
const seen = (...see: readonly string[]): Permissions => ({ see, change: [] });

const PERMISSIONS: Readonly<Record<string, Permissions>> = {
  'artifactregistry.Repository': both(
    crud('artifactregistry.repositories'),
    seen('artifactregistry.repositories.list', 'artifactregistry.repositories.downloadArtifacts'),
  ),
  'artifactregistry.RepositoryIamMember': policy('artifactregistry.repositories'),
  // Budgets are the billing account's, where roles of a project do not reach: a person makes and changes them.
  'billing.Budget': seen(),
  'cloudfunctionsv2.Function': both(crud('cloudfunctions.functions'), {
    see: ['cloudfunctions.operations.get', 'cloudfunctions.functions.getIamPolicy'],
    change: ['cloudfunctions.functions.sourceCodeSet', 'cloudbuild.builds.get'],
  }),
  'cloudrunv2.Service': both(crud('run.services'), seen('run.operations.get', 'run.revisions.get')),
  'cloudrunv2.ServiceIamMember': policy('run.services'),
  'cloudscheduler.Job': both(crud('cloudscheduler.jobs'), {
    see: [],
    change: ['cloudscheduler.jobs.enable', 'cloudscheduler.jobs.pause'],
  }),
  'cloudtasks.Queue': crud('cloudtasks.queues'),
  'cloudtasks.QueueIamMember': policy('cloudtasks.queues'),
  'compute.Address': crud('compute.addresses', ['create', 'delete', 'use']),
  'compute.Network': crud('compute.networks', [
    'create',
    'update',
    'delete',
    'updatePolicy',
    'setFirewallPolicy',
    'use',
  ]),
  'compute.NetworkFirewallPolicy': crud('compute.firewallPolicies', ['create', 'update', 'delete', 'use']),
  'compute.NetworkFirewallPolicyAssociation': both(seen('compute.firewallPolicies.get'), {
    see: [],
    change: ['compute.networks.setFirewallPolicy'],
  }),
  'compute.NetworkFirewallPolicyRule': crud('compute.firewallPolicies', ['update']),
  'compute.Route': crud('compute.routes', ['create', 'delete']),
  'compute.Router': both(
    crud('compute.routers'),
    seen('compute.regionOperations.get', 'compute.globalOperations.get'),
  ),
  'compute.RouterNat': crud('compute.routers', ['update', 'use']),
  'compute.Subnetwork': crud('compute.subnetworks', [
    'create',
    'update',
    'delete',
    'use',
    'setPrivateIpGoogleAccess',
  ]),
  'dns.ManagedZone': both(crud('dns.managedZones'), {
    see: ['dns.projects.get'],
    change: ['dns.networks.bindPrivateDNSZone'],
  }),
  'dns.RecordSet': both(crud('dns.resourceRecordSets'), {
    see: ['dns.resourceRecordSets.list', 'dns.changes.get'],
    change: ['dns.changes.create'],
  }),
  'firestore.BackupSchedule': crud('datastore.backupSchedules'),
  'firestore.Database': both(crud('datastore.databases'), {
    see: ['datastore.databases.getMetadata', 'datastore.operations.get'],
    // The canary that follows a deployment looks for its own record, by key: nothing can be listed.
    change: ['datastore.entities.get'],
  }),
  'firestore.Field': both(crud('datastore.indexes', ['update']), seen('datastore.operations.get')),
  'firestore.Index': crud('datastore.indexes', ['create', 'delete']),
  'iam.WorkloadIdentityPool': seen('iam.workloadIdentityPools.get'),
  'iam.WorkloadIdentityPoolProvider': seen('iam.workloadIdentityPoolProviders.get'),
  'kms.CryptoKey': crud('cloudkms.cryptoKeys', ['create', 'update']),
  'kms.CryptoKeyIAMMember': policy('cloudkms.cryptoKeys'),
  'kms.KeyRing': crud('cloudkms.keyRings', ['create']),
  'kms.KeyRingIAMMember': policy('cloudkms.keyRings'),
  'logging.ProjectBucketConfig': crud('logging.buckets'),
  'logging.ProjectSink': crud('logging.sinks'),
  'monitoring.AlertPolicy': crud('monitoring.alertPolicies'),
  'monitoring.Dashboard': crud('monitoring.dashboards'),
  'monitoring.GenericService': crud('monitoring.services'),
  'monitoring.NotificationChannel': crud('monitoring.notificationChannels'),
  'monitoring.Slo': crud('monitoring.slos'),
  'projects.IAMAuditConfig': policy('resourcemanager.projects'),
  'projects.IAMCustomRole': seen('iam.roles.get'),
  // Changing who may do what in the project is a role of its own, under a condition: see DeliveryIdentity.
  'projects.IAMMember': seen('resourcemanager.projects.get', 'resourcemanager.projects.getIamPolicy'),
  'projects.Service': both(seen('serviceusage.services.get', 'serviceusage.services.list'), {
    // Every call is made on the project's account, which takes the right to use it.
    see: ['serviceusage.services.use'],
    change: ['serviceusage.services.enable'],
  }),
  'projects.ServiceIdentity': both(seen('serviceusage.services.get'), {
    see: [],
    change: ['serviceusage.services.enable'],
  }),
  'pubsub.Subscription': both(crud('pubsub.subscriptions'), {
    see: [],
    change: ['pubsub.topics.attachSubscription', 'pubsub.subscriptions.consume'],
  }),
  'pubsub.SubscriptionIAMMember': policy('pubsub.subscriptions'),
  'pubsub.Topic': both(crud('pubsub.topics'), {
    see: [],
    // To publish is for the canary too.
    change: ['pubsub.topics.publish', 'pubsub.topics.attachSubscription'],
  }),
  'pubsub.TopicIAMMember': policy('pubsub.topics'),
  'secretmanager.Secret': crud('secretmanager.secrets'),
  'secretmanager.SecretIamMember': policy('secretmanager.secrets'),
  'serviceaccount.Account': crud('iam.serviceAccounts'),
  'serviceaccount.IAMMember': policy('iam.serviceAccounts'),
  'storage.Bucket': crud('storage.buckets'),
  'storage.BucketIAMMember': policy('storage.buckets'),
  'storage.BucketObject': both(
    crud('storage.objects', ['create', 'update', 'delete']),
    seen('storage.objects.list'),
  ),
};

/** The types that are told of. */
export const deliveredTypes: readonly string[] = Object.keys(PERMISSIONS);

/** Of a role for the program as a whole: resources come and go with the configuration, and the role should not. */
export function permissionsFor(role: 'preview' | 'deploy'): string[] {
  const { see, change } = both(...Object.values(PERMISSIONS));
  const all = role === 'preview' ? see : [...see, ...change.filter((one) => one !== PROJECT_POLICY)];
  return [...new Set(all)].sort();
}

/** Who may change the project's policy may do anything, unless a condition says otherwise. */
export const PROJECT_POLICY = 'resourcemanager.projects.setIamPolicy';
