import { execFile } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import type { Mutation } from './mutation.ts';
import { mutations } from './mutations.ts';

/** Fewer than `npm run test:long` tries: a bug that is not found in so many schedules could slip through there. */
const MOST_SCHEDULES = 2_000;
const MUTANT = fileURLToPath(new URL('mutant.ts', import.meta.url));
const Found = z.object({ schedules: z.number(), violation: z.string().optional() });

/** Puts each bug into the product, in a process of its own, and says whether and how soon it is found. Returns how many are not. */
export async function hunt(say: (line: string) => void): Promise<number> {
  const left = [...mutations];
  let missed = 0;
  const work = async () => {
    for (let mutation = left.shift(); mutation; mutation = left.shift()) {
      const { schedules, violation } = await find(mutation);
      if (violation === undefined) missed += 1;
      const verdict =
        violation === undefined
          ? `NOT FOUND in ${schedules} schedules`
          : `found after ${schedules}: ${violation}`;
      say(`${mutation.name}\n    ${verdict}`);
    }
  };
  await Promise.all(Array.from({ length: Math.min(4, availableParallelism()) }, work));
  say(`\n${mutations.length - missed} of ${mutations.length} mutations found`);
  return missed;
}

function find({ name }: Mutation): Promise<z.infer<typeof Found>> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [MUTANT, name, String(MOST_SCHEDULES)], (error, stdout, stderr) => {
      if (error) reject(new Error(stderr || error.message));
      else resolve(Found.parse(JSON.parse(stdout)));
    });
  });
}
