import * as gcp from '@pulumi/gcp';
import * as pulumi from '@pulumi/pulumi';
import type { Config } from '../config.ts';

const NAMES = [
  'artifactregistry',
  'billingbudgets',
  'cloudbuild',
  'cloudfunctions',
  'cloudkms',
  'cloudresourcemanager',
  'cloudscheduler',
  'cloudtasks',
  'compute',
  'dns',
  'firestore',
  'iam',
  'iamcredentials',
  'logging',
  'monitoring',
  'pubsub',
  'run',
  'secretmanager',
  'serviceusage',
  'storage',
  'sts',
] as const;
/** A Google API, without its `.googleapis.com`. */
export type ServiceName = (typeof NAMES)[number];

export interface ProjectServicesArgs {
  readonly config: Config;
  /** Whether payloads are encrypted. */
  readonly encrypts: boolean;
}

/** What an environment uses of them. */
function servicesOf({ config, encrypts }: ProjectServicesArgs): ServiceName[] {
  const { functions, egress, budget, delivery } = config;
  const unused = new Set<ServiceName>([
    ...(functions.mode === 'function' ? [] : (['cloudfunctions', 'cloudbuild'] as const)),
    ...(egress.mode === 'restricted' ? [] : (['compute', 'dns'] as const)),
    ...(encrypts ? [] : (['cloudkms'] as const)),
    ...(budget ? [] : (['billingbudgets'] as const)),
    ...(delivery ? [] : (['iamcredentials', 'sts'] as const)),
  ]);
  return NAMES.filter((name) => !unused.has(name));
}

/** The Google APIs that the environment uses, switched on. Whatever is made waits for those that it needs. */
export class ProjectServices extends pulumi.ComponentResource {
  readonly #services = new Map<ServiceName, gcp.projects.Service>();

  constructor(name: string, args: ProjectServicesArgs, opts: pulumi.ComponentResourceOptions) {
    super('mesh:infra:ProjectServices', name, {}, opts);
    const { config } = args;
    for (const service of servicesOf(args)) {
      const enabled = new gcp.projects.Service(
        service,
        {
          project: config.project,
          service: `${service}.googleapis.com`,
          // A stack that is destroyed must not switch off what others in the project use.
          disableOnDestroy: false,
          disableDependentServices: false,
        },
        { parent: this },
      );
      this.#services.set(service, enabled);
    }
    this.registerOutputs();
  }

  /** Throws a `TypeError` for a service that this environment does not use: its component should not be here either. */
  readonly ready = (...names: readonly ServiceName[]): gcp.projects.Service[] =>
    names.map((name) => {
      const service = this.#services.get(name);
      if (!service) throw new TypeError(`${name} is not among the services of this environment`);
      return service;
    });
}
