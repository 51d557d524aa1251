import { defineConfig } from 'vitest/config';
import { mutate } from './mutation.ts';
import { mutations } from './mutations.ts';

/** Unit tests over a product that has one bug, which `hunt.ts` names in the environment. */
const mutation = mutations.find(({ name }) => name === process.env.MUTATION);
const root = new URL('../../../', import.meta.url).pathname;

export default defineConfig({
  root,
  plugins: [
    {
      name: 'mutant',
      enforce: 'pre',
      transform: (code, id) =>
        mutation && id === `${root}${mutation.file}` ? mutate(code, mutation) : undefined,
    },
  ],
  test: {
    pool: 'threads',
    // What is kept of one bug is not to be taken for the product, nor for the next bug.
    fsModuleCache: false,
    testTimeout: 60_000,
    env: { METADATA_SERVER_DETECTION: 'none' },
  },
});
