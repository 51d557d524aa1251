import * as z from 'zod';
import { defineAgent } from '../../../shared/contract/define-agent.ts';
import { defineWorkflow, type WorkflowContext } from '../../../shared/workflow/index.ts';
import { type Behaviour, done, World } from './world.ts';

const Text = z.object({ text: z.string() });

/** Its results tell of what they were made, and in what order. */
export const scribe = defineAgent({
  name: 'scribe',
  commands: {
    page: {
      input: z.object({ book: z.string(), token: z.string().nullable() }),
      output: z.object({ items: z.array(z.number()), next: z.string().nullable() }),
    },
    write: { input: z.object({ items: z.array(z.number()) }), output: Text },
    join: { input: z.object({ results: z.array(Text), between: z.string() }), output: Text },
  },
});

const desk = defineAgent({
  name: 'desk',
  calls: ['scribe'],
  workflows: { job: { input: z.object({ key: z.string() }), key: 'key' } },
});

export const numbers = (count: number) => Array.from({ length: count }, (_, at) => at);
export const wrote = (items: readonly number[]) => items.join('+');

/** A world with one run of `run`, in which books of `items` numbers are read in pages of `pageSize`. */
export function deskWorld(
  run: (wf: WorkflowContext) => Promise<unknown>,
  { items = 0, pageSize = 10 } = {},
  behaviours: Record<string, Behaviour> = {},
): World {
  const usual: Record<string, Behaviour> = {
    'scribe.page': ({ token }: { token: string | null }) => {
      const from = Number(token ?? 0);
      const to = Math.min(items, from + pageSize);
      return done({ items: numbers(to).slice(from), next: to < items ? String(to) : null });
    },
    'scribe.write': (input: { items: number[] }) => done({ text: wrote(input.items) }),
    'scribe.join': (input: { results: { text: string }[]; between: string }) =>
      done({ text: input.results.map(({ text }) => text).join(input.between) }),
  };
  const job = defineWorkflow({
    name: 'job',
    version: 1,
    input: z.object({ key: z.string() }),
    output: z.json(),
    run: run as never,
  });
  const mesh = new World(desk.contract, [job], { ...usual, ...behaviours });
  mesh.start('job', { key: 'k' }, { replyTo: 'asker', runId: 'r0', stepId: '7.1' });
  return mesh;
}
