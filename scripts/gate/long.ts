import type { Part } from './part.ts';

/**
 * What runs before the long tests: the bundles, which some of them start, and the simulation. It plays the same schedules on every machine, so that
 * the same commit finds the same; the simulation of continuous integration tries others.
 */
export const longParts: readonly Part[] = [
  { title: 'Bundles', program: 'build/main.ts', args: ['--if-needed'] },
  { title: 'Simulation', program: 'test/simulation/main.ts', args: ['--seed', '1', '--schedules', '400'] },
];
