import type { Output, Resource } from '@pulumi/pulumi';
import type { Topology } from '../shared/topology.ts';
import type { Bundles } from './bundles.ts';
import type { ServiceName } from './components/project-services.ts';
import type { Config } from './config.ts';

/** What every component is told: the environment, and what is to be in it. */
export interface Site {
  readonly stack: string;
  readonly config: Config;
  readonly topology: Topology;
  readonly bundles: Bundles;
  /** Google's number of the project, by which its own accounts are called. */
  readonly projectNumber: Output<string>;
  /** What has to be there before a resource of these services can be made. */
  readonly ready: (...services: readonly ServiceName[]) => Resource[];
}
