import { defineConfig } from 'vitest/config';

/** No test looks for Google's metadata server: there is none, and looking takes seconds. */
const env = { METADATA_SERVER_DETECTION: 'none' };

/**
 * Bounds against hanging, not statements about speed: the slowest machine needs a fraction of them. No test has a limit of its own
 * (`test/architecture/wall-clock.test.ts`).
 */
const FAST_LIMIT_MS = 120_000;
const WHOLE_LIMIT_MS = 300_000;

/** Tests of what is rarely needed: `npm run test:long` runs them, and `npm test` does not. */
const LONG = 'test/**/*.long.test.ts';

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'fast',
          include: ['test/{unit,architecture,infra}/**/*.test.ts'],
          exclude: [LONG],
          pool: 'threads',
          // These tests share no state but modules: loading them once for all files saves a quarter of the processor time.
          isolate: false,
          testTimeout: FAST_LIMIT_MS,
          hookTimeout: FAST_LIMIT_MS,
          env,
        },
      },
      {
        // Servers, processes and seeded schedules: after the fast tests, which would take the processor from them.
        test: {
          name: 'whole',
          include: ['test/{conformance,simulation,integration}/**/*.test.ts'],
          exclude: [LONG],
          pool: 'forks',
          testTimeout: WHOLE_LIMIT_MS,
          hookTimeout: WHOLE_LIMIT_MS,
          sequence: { groupOrder: 1 },
          env,
        },
      },
      {
        test: {
          name: 'long',
          include: [LONG],
          pool: 'forks',
          testTimeout: WHOLE_LIMIT_MS,
          hookTimeout: WHOLE_LIMIT_MS,
          sequence: { groupOrder: 2 },
          env,
        },
      },
    ],
  },
});
