import { execFile } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import type { Mutation } from './mutation.ts';
import { mutations } from './mutations.ts';

/** About what `npm test` tries: a bug that is not found in so many schedules could slip through there. */
const MOST_SCHEDULES = 2_000;
/** A process that does not come to its end has a bug that keeps code from resting: it counts as found. */
const LONGEST_MS = 240_000;
const MUTANT = fileURLToPath(new URL('mutant.ts', import.meta.url));
const VITEST = fileURLToPath(new URL('../../../node_modules/vitest/vitest.mjs', import.meta.url));
const UNIT_CONFIG = fileURLToPath(new URL('vitest.config.ts', import.meta.url));
const Found = z.object({ schedules: z.number(), violation: z.string().optional() });

/** What each way of looking came to; undefined where it was not asked. */
interface Verdict {
  readonly mutation: Mutation;
  readonly simulation: string | undefined;
  readonly unit: boolean | undefined;
  readonly found: boolean;
}

/**
 * Puts each bug into the product, in a process of its own, and says by what it is found: the simulation, in how many schedules, and its
 * unit test. Returns how many are found by neither.
 */
export async function hunt(say: (line: string) => void, only = ''): Promise<number> {
  const left = mutations.filter(({ name }) => name.includes(only));
  const total = left.length;
  const units = [...new Set(left.flatMap(({ unit }) => unit ?? []))];
  if (units.length > 0 && (await fails('none', units)))
    throw new Error('the unit tests fail without any bug');
  let missed = 0;
  const work = async () => {
    for (let mutation = left.shift(); mutation; mutation = left.shift()) {
      const verdict = await judge(mutation);
      if (!verdict.found) missed += 1;
      say(verdictText(verdict));
    }
  };
  await Promise.all(Array.from({ length: Math.min(4, availableParallelism()) }, work));
  say(`\n${total - missed} of ${total} mutations found`);
  return missed;
}

/** Lets the simulation look for the bug, and its unit test. */
export async function judge(mutation: Mutation): Promise<Verdict> {
  const { workload, unit } = mutation;
  const simulated = workload !== undefined || unit === undefined;
  const simulation = simulated ? await bySchedules(mutation) : undefined;
  const byUnit = unit === undefined ? undefined : await fails(mutation.name, [unit]);
  return { mutation, simulation, unit: byUnit, found: byUnit === true || Boolean(simulation) };
}

/** A row of the table: by the simulation, by its unit test, its name. */
export function verdictText({ mutation: { name }, simulation, unit }: Verdict): string {
  const bySimulation = simulation === undefined ? '-' : simulation || 'NOT FOUND';
  const byUnit = unit === undefined ? '-' : unit ? 'found' : 'NOT FOUND';
  return `${byUnit.padEnd(10)} ${name}\n           ${bySimulation}`;
}

/** After how many schedules the simulation finds it, and by what; empty where it does not. */
function bySchedules({ name }: Mutation): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { timeout: LONGEST_MS };
    execFile(process.execPath, [MUTANT, name, String(MOST_SCHEDULES)], options, (error, stdout, stderr) => {
      if (error?.killed) return resolve(`found: a schedule does not end within ${LONGEST_MS / 1_000} s`);
      if (error) return reject(new Error(stderr || error.message));
      const { schedules, violation } = Found.parse(JSON.parse(stdout));
      resolve(violation === undefined ? '' : `found after ${schedules}: ${violation}`);
    });
  });
}

/** Whether any of these unit tests fails with the bug of this name. */
function fails(name: string, tests: readonly string[]): Promise<boolean> {
  return new Promise((resolve) => {
    const options = { timeout: LONGEST_MS, env: { ...process.env, MUTATION: name } };
    const args = [VITEST, 'run', '--config', UNIT_CONFIG, ...tests];
    execFile(process.execPath, args, options, (error) => resolve(error !== null));
  });
}
