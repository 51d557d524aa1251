import * as gcp from '@pulumi/gcp';
import * as pulumi from '@pulumi/pulumi';
import { deploymentEnv } from '../../shared/contract/deployment.ts';
import { MeshError } from '../../shared/contract/errors.ts';
import { topicOf } from '../../shared/contract/names.ts';
import type { AgentFunction as Planned } from '../../shared/topology.ts';
import { archiveOf } from '../archive.ts';
import { type Sizes, sizesOf } from '../config.ts';
import type { Site } from '../site.ts';
import type { ArtifactStorage } from './artifact-storage.ts';
import type { BuildIdentity } from './build-identity.ts';
import type { EgressControl } from './egress-control.ts';

export interface AgentFunctionArgs {
  readonly site: Site;
  readonly planned: Planned;
  readonly storage: ArtifactStorage;
  /** In the mode `function`. */
  readonly build?: BuildIdentity | undefined;
  /** Where what the function sends is restricted. */
  readonly egress?: EgressControl | undefined;
}

/** A function as it is asked for, in whichever mode. */
interface Wanted extends AgentFunctionArgs {
  readonly name: string;
  readonly sizes: Sizes;
  readonly env: Record<string, string>;
  readonly timeoutSeconds: number;
  readonly email: pulumi.Output<string>;
}

/** The kernel answers within the contract's timeout; what is beyond is cut off here, before Pub/Sub delivers again. */
const GRACE_SECONDS = 5;
/** https://docs.cloud.google.com/run/docs/configuring/services/runtime-base-images */
const STACK = 'google-24-full';
const RUNTIME = 'nodejs24';

/**
 * An agent's function: the account that it runs as, the bundle that it runs, and the account that Pub/Sub calls it as. It can be reached
 * from inside the project alone, and only that account may call it.
 */
export class AgentFunction extends pulumi.ComponentResource {
  readonly agent: string;
  readonly account: gcp.serviceaccount.Account;
  readonly pushAccount: gcp.serviceaccount.Account;
  readonly uri: pulumi.Output<string>;
  /** May be pushed to once this is there. */
  readonly invoker: gcp.cloudrunv2.ServiceIamMember;

  constructor(name: string, args: AgentFunctionArgs, opts: pulumi.ComponentResourceOptions) {
    super('mesh:infra:AgentFunction', name, {}, opts);
    const { site, planned } = args;
    const { config, ready } = site;
    const { agent, contract, deployment, accounts } = planned;
    this.agent = agent;
    const account = (id: string, accountId: string, description: string) =>
      new gcp.serviceaccount.Account(
        id,
        { accountId, displayName: description },
        { parent: this, dependsOn: ready('iam') },
      );
    this.account = account(`${agent}`, accounts.runtime, `${config.prefix}: the agent ${agent}`);
    this.pushAccount = account(
      `${agent}-push`,
      accounts.push,
      `${config.prefix}: pushes to the agent ${agent}`,
    );
    const env = {
      ...deploymentEnv({
        ...deployment,
        // Timers publish as the agent itself, so that what it sends later goes no further than what it sends now.
        timersAccount: `${accounts.runtime}@${config.project}.iam.gserviceaccount.com`,
        ...secretVersionsOf(contract.secrets, config.secretVersions),
      }),
      ...pick(config.settings, contract.settings),
      LOG_LEVEL: config.functions.logLevel,
    };
    const wanted: Wanted = {
      ...args,
      name: topicOf(config.prefix, agent),
      sizes: sizesOf(config, agent, planned.concurrency),
      env,
      timeoutSeconds: planned.timeoutSeconds + GRACE_SECONDS,
      email: this.account.email,
    };
    const made = config.functions.mode === 'function' ? this.#function(wanted) : this.#service(wanted);
    this.uri = made.uri;
    this.invoker = new gcp.cloudrunv2.ServiceIamMember(
      `${agent}-invoker`,
      {
        location: config.region,
        name: made.name,
        role: 'roles/run.invoker',
        member: this.pushAccount.member,
      },
      { parent: this, dependsOn: ready('run') },
    );
    this.registerOutputs({ uri: this.uri });
  }

  /** Cloud Run functions: Google builds the image, and keeps its base up to date. */
  #function({ site, planned, storage, build, egress, name, sizes, env, timeoutSeconds, email }: Wanted) {
    const { config, ready } = site;
    const { agent } = planned;
    const bundle = bundleOf(site, agent);
    const object = this.#object(
      storage,
      `${agent}/${bundle.sha256}.zip`,
      new pulumi.asset.FileArchive(bundle.path),
    );
    const made = new gcp.cloudfunctionsv2.Function(
      agent,
      {
        name,
        location: config.region,
        description: planned.contract.description ?? '',
        buildConfig: {
          runtime: RUNTIME,
          entryPoint: agent,
          ...(build && { serviceAccount: build.account.name }),
          dockerRepository: storage.images.id,
          // Security updates of the base reach the function without a deployment.
          automaticUpdatePolicy: {},
          source: { storageSource: { bucket: storage.bucket.name, object: object.outputName } },
        },
        serviceConfig: {
          availableMemory: sizes.memory,
          availableCpu: String(sizes.cpu),
          minInstanceCount: sizes.minInstances,
          maxInstanceCount: sizes.maxInstances,
          maxInstanceRequestConcurrency: sizes.concurrency,
          timeoutSeconds,
          ingressSettings: 'ALLOW_INTERNAL_ONLY',
          serviceAccountEmail: email,
          environmentVariables: env,
          allTrafficOnLatestRevision: true,
          ...(egress && {
            directVpcNetworkInterfaces: [{ network: egress.network.id, subnetwork: egress.subnet.id }],
            directVpcEgress: 'VPC_EGRESS_ALL_TRAFFIC',
          }),
        },
      },
      {
        parent: this,
        dependsOn: [
          ...ready('cloudfunctions', 'cloudbuild', 'run'),
          ...(build?.grants ?? []),
          ...(egress?.guards ?? []),
        ],
      },
    );
    const uri = made.serviceConfig.apply((service) => service?.uri ?? '');
    return { uri, name: made.name };
  }

  /** Cloud Run itself: the bundle as it is on a base image (`run-zip`), or an image that is pinned by its digest (`image`). */
  #service({ site, planned, storage, egress, name, sizes, env, timeoutSeconds, email }: Wanted) {
    const { config, ready } = site;
    const { agent } = planned;
    const made = new gcp.cloudrunv2.Service(
      agent,
      {
        name,
        location: config.region,
        description: planned.contract.description ?? '',
        ingress: 'INGRESS_TRAFFIC_INTERNAL_ONLY',
        // Zip deployment is in preview.
        launchStage: config.functions.mode === 'run-zip' ? 'BETA' : 'GA',
        // State is elsewhere: a service can be made anew.
        deletionProtection: false,
        scaling: { minInstanceCount: sizes.minInstances, maxInstanceCount: sizes.maxInstances },
        template: {
          serviceAccount: email,
          timeout: `${timeoutSeconds}s`,
          maxInstanceRequestConcurrency: sizes.concurrency,
          scaling: { maxInstanceCount: sizes.maxInstances },
          ...(egress && {
            vpcAccess: {
              egress: 'ALL_TRAFFIC',
              networkInterfaces: [{ network: egress.network.id, subnetwork: egress.subnet.id }],
            },
          }),
          containers: [
            {
              ...this.#code(site, storage, agent),
              envs: Object.entries(env).map(([variable, value]) => ({ name: variable, value })),
              resources: {
                limits: { memory: sizes.memory, cpu: String(sizes.cpu) },
                // Billed by request. It has to be said once there are resources, whose default is the other.
                cpuIdle: true,
                startupCpuBoost: config.functions.startupCpuBoost,
              },
            },
          ],
        },
      },
      { parent: this, dependsOn: [...ready('run'), ...(egress?.guards ?? [])] },
    );
    return { uri: made.uri, name: made.name };
  }

  #code(site: Site, storage: ArtifactStorage, agent: string) {
    const { mode } = site.config.functions;
    const bundle = bundleOf(site, agent);
    const { image, sha256, command } = bundle;
    if (mode === 'image') return { image: image ?? '' };
    const object = this.#object(
      storage,
      `${agent}/${sha256}.tar.gz`,
      new pulumi.asset.FileAsset(archiveOf(bundle)),
    );
    return {
      image: 'scratch',
      baseImageUri: `${site.config.region}-docker.pkg.dev/serverless-runtimes/${STACK}/runtimes/${RUNTIME}`,
      commands: [...command],
      sourceCode: { cloudStorageSource: { bucket: storage.bucket.name, object: object.outputName } },
    };
  }

  /**
   * Named by what is in it, also to Pulumi: another content is another object, and so another deployment, and the one before goes when
   * nothing uses it any more. It stays in the bucket for a while, as an old version.
   */
  #object(storage: ArtifactStorage, name: string, source: pulumi.asset.Asset | pulumi.asset.Archive) {
    const [, hash = ''] = name.split('/');
    return new gcp.storage.BucketObject(
      `${this.agent}-bundle-${hash.slice(0, 8)}`,
      { name, bucket: storage.bucket.name, source },
      // Where only what the hash leaves out differs, the old one must not be deleted after the new one took its name.
      { parent: this, deleteBeforeReplace: true },
    );
  }
}

function bundleOf({ bundles }: Site, agent: string) {
  const bundle = bundles[agent];
  if (bundle) return bundle;
  throw new MeshError('ConfigurationInvalid', `the agent ${agent} has no bundle`, {
    field: `bundles.${agent}`,
  });
}

function secretVersionsOf(secrets: readonly string[], versions: Readonly<Record<string, number>>) {
  const pinned = Object.entries(versions).filter(([secret]) => secrets.includes(secret));
  return pinned.length > 0 ? { secretVersions: Object.fromEntries(pinned) } : {};
}

function pick(values: Readonly<Record<string, string>>, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => (values[name] === undefined ? [] : [[name, values[name]]])),
  );
}
