import { defineConfig } from 'vitest/config';

/** No test looks for Google's metadata server: there is none, and looking takes seconds. */
const env = { METADATA_SERVER_DETECTION: 'none' };

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'fast',
          include: ['test/{unit,architecture,infra}/**/*.test.ts'],
          pool: 'threads',
          testTimeout: 15_000,
          env,
        },
      },
      {
        // Servers, processes and seeded schedules: after the fast tests, which would take the processor from them.
        test: {
          name: 'whole',
          include: ['test/{conformance,simulation,integration}/**/*.test.ts'],
          pool: 'forks',
          testTimeout: 60_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 1 },
          env,
        },
      },
    ],
  },
});
