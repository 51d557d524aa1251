import * as z from 'zod';
import { defineAgent } from '../../shared/contract/define-agent.ts';
import { rejected } from '../../shared/contract/errors.ts';
import type { HandlersOf } from '../../shared/kernel/handler.ts';
import { handlerRoutes } from '../../shared/kernel/handler-routes.ts';
import { undo } from '../../shared/workflow/context.ts';
import { defineWorkflow } from '../../shared/workflow/definition.ts';
import { branch } from '../../shared/workflow/gathering.ts';
import { stage } from '../../shared/workflow/map-reducing.ts';
import { workflowRoutes } from '../../shared/workflow/workflow-routes.ts';
import { recorder, recorderHandlers } from './recorder.ts';
import type { WorldAgent } from './world.ts';

/** A run of which nearly every payload is too large to inline: an edition that is set, proofread, counted, bound and approved. */
const Text = z.strictObject({ name: z.string(), text: z.string() });
const limits = { inlineBytes: 400, claimCheckBytes: 100_000 };

const Edition = z.strictObject({
  id: z.string(),
  text: z.string(),
  words: z.array(z.string()),
  fails: z.boolean().default(false),
});

const press = defineAgent({
  name: 'press',
  commands: {
    set: { input: Text, output: Text },
    scrap: { input: Text },
    proof: { input: Text, output: Text },
    count: { input: z.object({ items: z.array(z.string()) }), output: z.array(z.string()) },
    merge: { input: z.object({ results: z.array(z.array(z.string())) }), output: z.array(z.string()) },
  },
  state: { schema: z.object({ scrapped: z.string() }) },
  limits,
});

export const publisher = defineAgent({
  name: 'publisher',
  calls: ['press'],
  workflows: {
    edition: { input: Edition, output: z.object({ text: z.string(), words: z.number() }), key: 'id' },
    appendix: { input: Text, output: Text, key: 'name' },
    series: {
      input: z.object({ id: z.string(), left: z.number(), text: z.string() }),
      output: z.string(),
      key: 'id',
    },
  },
  publishes: { published: Text },
  limits,
});

function longer(text: string, by: string): string {
  return `${text}/${by}${'.'.repeat(500)}`;
}

export const edition = defineWorkflow({
  name: 'edition',
  version: 1,
  input: Edition,
  output: z.object({ text: z.string(), words: z.number() }),
  async run(wf, { id, text, words, fails }) {
    const set = await wf.call(
      press.set,
      { name: id, text },
      {
        compensate: undo(press.scrap, ({ output }) => ({ name: id, text: output?.text ?? 'unknown' })),
        retry: { maxAttempts: 3, minBackoff: '1s' },
      },
    );
    const proofs = await wf.gather(
      [1, 2, 3].map((page) => branch(press.proof, { name: `${id}-${page}`, text: set.text })),
    );
    const { result = [] } = await wf.mapReduce({
      items: words,
      map: stage(press.count),
      reduce: stage(press.merge),
      shardSize: 10,
      fanIn: 2,
    });
    const appendix = await wf.child(publisher.appendix, { name: `${id}-appendix`, text: set.text });
    const approval = await wf.signal('approve', { schema: z.object({ notes: z.string() }) });
    const drawn = await wf.sideEffect('draw', () => ({ picture: 'x'.repeat(2_000) }));
    const whole = [
      set.text,
      ...proofs.outputs.map(({ text }) => text),
      appendix.text,
      approval.notes,
      drawn.picture,
    ].join();
    wf.publish(publisher.published, { name: id, text: whole });
    if (fails) throw rejected('misprint', 'the edition is pulped');
    return { text: whole, words: result.length };
  },
});

const appendix = defineWorkflow({
  name: 'appendix',
  version: 1,
  input: Text,
  output: Text,
  run: (wf, text) => wf.call(press.proof, text),
});

const series = defineWorkflow({
  name: 'series',
  version: 1,
  input: z.object({ id: z.string(), left: z.number(), text: z.string() }),
  output: z.string(),
  async run(wf, { id, left, text }) {
    const { text: next } = await wf.call(press.proof, { name: id, text });
    return left === 0 ? next : wf.continueAsNew({ id, left: left - 1, text: next });
  },
});

export const TEXT = 'lorem ipsum '.repeat(100);
export const WORDS = Array.from({ length: 60 }, (_, at) => `word-${at}-${'o'.repeat(50)}`);
/** What an approved edition comes to. */
export const APPROVAL = { notes: 'well done '.repeat(80) };
export const SET = longer(TEXT, 'set');
export const WHOLE = wholeOf({ id: 'e', text: TEXT }, APPROVAL.notes);

/** The text of an edition that was approved with these notes. */
export function wholeOf({ id, text }: { readonly id: string; readonly text: string }, notes: string): string {
  const set = longer(text, 'set');
  const proofs = [1, 2, 3].map((page) => longer(set, `${id}-${page}`));
  return [set, ...proofs, longer(set, `${id}-appendix`), notes, 'x'.repeat(2_000)].join();
}

export function editionMesh(): WorldAgent[] {
  const pressHandlers = {
    set: ({ name, text }) => ({ name, text: longer(text, 'set') }),
    scrap: {
      keys: ({ name }) => [name],
      handle: ({ name, text }, ctx) => ctx.state.set(name, { scrapped: text }),
    },
    proof: ({ name, text }) => ({ name, text: longer(text, name) }),
    count: ({ items }) => items.map((item) => `${item}!`),
    merge: ({ results }) => results.flat(),
  } satisfies HandlersOf<typeof press>;
  return [
    {
      contract: publisher.contract,
      routes: ({ clock, ids }) =>
        workflowRoutes({
          contract: publisher.contract,
          definitions: [edition, appendix, series],
          clock,
          ids,
        }),
    },
    {
      contract: press.contract,
      routes: ({ clock, secrets }) =>
        handlerRoutes({ contract: press.contract, handlers: pressHandlers, clock, secrets, env: {} }),
    },
    {
      contract: recorder.contract,
      routes: ({ clock, secrets }) =>
        handlerRoutes({ contract: recorder.contract, handlers: recorderHandlers, clock, secrets, env: {} }),
    },
  ];
}
