import { shortType } from './graph.ts';

/** What of a cloud the answers depend on. */
export interface Cloud {
  readonly project: string;
  readonly projectNumber: string;
  readonly region: string;
}

type Fields = Readonly<Record<string, unknown>>;
interface Answer {
  readonly id: string;
  readonly outputs: Fields;
}

/**
 * What Google Cloud computes for a resource once it is made: the outputs that other resources are given. For a type that is not listed,
 * the id is its name, and the outputs are the arguments.
 */
export function answerOf(
  { type, name, inputs }: { type: string; name: string; inputs: Fields },
  cloud: Cloud,
): Answer {
  const own = String(inputs.name ?? name);
  const { project, projectNumber, region } = cloud;
  const at = `projects/${project}`;
  const located = `${at}/locations/${String(inputs.location ?? region)}`;
  switch (shortType(type)) {
    case 'serviceaccount.Account': {
      const email = `${String(inputs.accountId)}@${project}.iam.gserviceaccount.com`;
      const id = `${at}/serviceAccounts/${email}`;
      return { id, outputs: { name: id, email, member: `serviceAccount:${email}` } };
    }
    case 'projects.ServiceIdentity': {
      const email = `service-${projectNumber}@gcp-sa-${String(inputs.service).split('.')[0]}.iam.gserviceaccount.com`;
      return {
        id: `${at}/services/${String(inputs.service)}`,
        outputs: { email, member: `serviceAccount:${email}` },
      };
    }
    case 'cloudfunctionsv2.Function': {
      const uri = `https://${own}-${projectNumber}.${region}.run.app`;
      const serviceConfig = {
        ...(inputs.serviceConfig as Fields),
        uri,
        service: `${located}/services/${own}`,
      };
      return { id: `${located}/functions/${own}`, outputs: { name: own, url: uri, serviceConfig } };
    }
    case 'cloudrunv2.Service':
      return {
        id: `${located}/services/${own}`,
        outputs: { name: own, uri: `https://${own}-${projectNumber}.${region}.run.app` },
      };
    case 'pubsub.Topic':
      return { id: `${at}/topics/${own}`, outputs: { name: own } };
    case 'pubsub.Subscription':
      return { id: `${at}/subscriptions/${own}`, outputs: { name: own } };
    case 'secretmanager.Secret': {
      const id = `${at}/secrets/${String(inputs.secretId)}`;
      return { id, outputs: { name: id } };
    }
    case 'firestore.Database':
      return { id: `${at}/databases/${own}`, outputs: { name: own } };
    case 'cloudtasks.Queue':
      return { id: `${located}/queues/${own}`, outputs: { name: own } };
    case 'storage.Bucket':
      return { id: own, outputs: { name: own, url: `gs://${own}` } };
    case 'storage.BucketObject':
      return { id: `${String(inputs.bucket)}-${own}`, outputs: { name: own, outputName: own } };
    case 'artifactregistry.Repository':
      return {
        id: `${located}/repositories/${String(inputs.repositoryId)}`,
        outputs: { name: String(inputs.repositoryId) },
      };
    case 'kms.KeyRing':
      return { id: `${located}/keyRings/${own}`, outputs: { name: own } };
    case 'kms.CryptoKey':
      return { id: `${String(inputs.keyRing)}/cryptoKeys/${own}`, outputs: { name: own } };
    case 'monitoring.NotificationChannel':
    case 'monitoring.AlertPolicy':
    case 'monitoring.Dashboard': {
      const id = `${at}/${shortType(type).replace('monitoring.', '').toLowerCase()}/${name}`;
      return { id, outputs: { name: id } };
    }
    case 'monitoring.GenericService': {
      const id = `projects/${projectNumber}/services/${String(inputs.serviceId)}`;
      return { id, outputs: { name: id } };
    }
    case 'monitoring.Slo': {
      const id = `projects/${projectNumber}/services/${String(inputs.service)}/serviceLevelObjectives/${String(inputs.sloId)}`;
      return { id, outputs: { name: id } };
    }
    case 'iam.WorkloadIdentityPool': {
      const id = `projects/${projectNumber}/locations/global/workloadIdentityPools/${String(inputs.workloadIdentityPoolId)}`;
      return { id, outputs: { name: id } };
    }
    case 'iam.WorkloadIdentityPoolProvider': {
      const id = `projects/${projectNumber}/locations/global/workloadIdentityPools/${String(inputs.workloadIdentityPoolId)}/providers/${String(inputs.workloadIdentityPoolProviderId)}`;
      return { id, outputs: { name: id } };
    }
    case 'projects.IAMCustomRole': {
      const id = `${at}/roles/${String(inputs.roleId)}`;
      return { id, outputs: { name: id } };
    }
    case 'compute.Network':
    case 'compute.Subnetwork': {
      const kind =
        shortType(type) === 'compute.Network' ? 'global/networks' : `regions/${region}/subnetworks`;
      const id = `${at}/${kind}/${own}`;
      return { id, outputs: { name: own, selfLink: `https://www.googleapis.com/compute/v1/${id}` } };
    }
    case 'compute.Address':
      return {
        id: own,
        outputs: {
          name: own,
          selfLink: `https://www.googleapis.com/compute/v1/${at}/regions/${region}/addresses/${own}`,
        },
      };
    default:
      return { id: own, outputs: { name: own } };
  }
}

/** What a function of the provider answers; undefined for one that nothing here asks. */
export function invokeAnswer(
  token: string,
  args: Fields,
  { project, projectNumber }: Cloud,
): Fields | undefined {
  if (token !== 'gcp:organizations/getProject:getProject') return undefined;
  return { ...args, id: `projects/${project}`, number: projectNumber, name: project };
}
