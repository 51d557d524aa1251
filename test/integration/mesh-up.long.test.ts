import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe } from 'vitest';
import { buildBundles, bundlesOf } from '../../build/build.ts';
import { CHAOTIC_DAY, meshSuite, ORDINARY_DAY, sampleSuite } from './mesh-up/suite.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

describe('the bundles, which are what is deployed', () => {
  beforeAll(async () => {
    const agents = join(root, 'agents');
    await buildBundles({ root, agents, out: bundlesOf(root, agents), ifNeeded: true });
  });

  sampleSuite(() => ({}), [ORDINARY_DAY, CHAOTIC_DAY], ['--bundles']);
  meshSuite(() => ({}), ['--bundles']);
});
