import { expect, test } from 'vitest';
import { type Deployment, deploymentEnv, readDeployment } from '../../../shared/contract/deployment.ts';

const deployment: Deployment = {
  project: 'demo',
  prefix: 'mesh',
  agent: 'payments',
  callers: ['orders', 'reports'],
  queue: 'projects/demo/locations/l/queues/q',
  timersAccount: 'mesh-payments@demo.iam.gserviceaccount.com',
  database: 'ledger',
  secretVersions: { 'stripe-api-key': 3, other_key: 12 },
};

test('a deployment is read back from the environment that it was handed over in', () => {
  expect(readDeployment(deploymentEnv(deployment))).toEqual(deployment);
  const { timersAccount: _account, secretVersions: _versions, ...local } = deployment;
  expect(readDeployment(deploymentEnv(local))).toEqual(local);
});

test.each(['stripe-api-key', 'stripe-api-key=latest', 'stripe-api-key=0', '=1'])(
  'a version that is none, %s, is refused by the name of its variable',
  (versions) => {
    const env = { ...deploymentEnv(deployment), MESH_SECRET_VERSIONS: versions };
    expect(() => readDeployment(env)).toThrow(
      expect.objectContaining({ code: 'ConfigurationInvalid', field: 'MESH_SECRET_VERSIONS' }),
    );
  },
);
