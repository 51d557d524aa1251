import type { Deployment } from '../../shared/contract/deployment.ts';

/** A deployment for ports that are tried on their own. */
export const demoDeployment: Deployment = {
  project: 'demo-mesh',
  prefix: 'mesh',
  agent: 'probe',
  callers: [],
  queue: 'projects/demo-mesh/locations/us-central1/queues/mesh-timers',
  database: '(default)',
};
