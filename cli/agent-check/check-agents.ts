import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import * as z from 'zod';
import { AgentsInvalid } from './agents-invalid.ts';
import { AgentProblem } from './problem.ts';

/**
 * Everything in which the code of the agents in `directory` is known to be wrong before a message is handled. Their code is loaded as
 * their processes load it, on a thread of its own that ends with the check.
 */
export async function checkAgents(directory: string): Promise<AgentProblem[]> {
  const worker = new Worker(new URL('worker.ts', import.meta.url), {
    workerData: { directory },
    stderr: true,
  });
  worker.stderr.resume();
  try {
    const [found] = await Promise.race([
      once(worker, 'message'),
      once(worker, 'exit').then(([code]) => {
        throw new Error(`the code of an agent ended the process with exit code ${code} while it was loaded`);
      }),
    ]);
    return z.array(AgentProblem).parse(found);
  } finally {
    await worker.terminate();
  }
}

/** @throws AgentsInvalid where `checkAgents` finds anything */
export async function refuseInvalidAgents(directory: string): Promise<void> {
  const [first, ...others] = await checkAgents(directory);
  if (first) throw new AgentsInvalid([first, ...others]);
}
