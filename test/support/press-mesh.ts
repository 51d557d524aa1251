import * as z from 'zod';
import { defineAgent } from '../../shared/contract/define-agent.ts';
import { digest } from '../../shared/contract/keys.ts';
import type { HandlersOf } from '../../shared/kernel/handler.ts';
import { handlerRoutes } from '../../shared/kernel/handler-routes.ts';
import { recorder, recorderHandlers } from './recorder.ts';
import type { WorldAgent } from './world.ts';

/** A mesh whose payloads are too large to inline: texts that are printed, and printed texts that are archived. */
const Text = z.strictObject({ name: z.string(), text: z.string() });
const limits = { inlineBytes: 400, claimCheckBytes: 20_000 };

const editor = defineAgent({
  name: 'editor',
  calls: ['press', 'clerk'],
  commands: {
    hand: { input: Text, output: Text },
    later: { input: Text },
    misdirect: { input: Text },
  },
  limits,
});
const press = defineAgent({
  name: 'press',
  commands: { print: { input: Text } },
  publishes: { printed: Text },
  state: { schema: z.object({ printed: z.number(), digest: z.string() }) },
  limits,
});
const archive = defineAgent({
  name: 'archive',
  subscribes: { 'press.printed': { data: Text, claimCheckBytes: 20_000 } },
  state: { schema: z.object({ kept: z.number(), digest: z.string() }) },
  limits: { inlineBytes: 400 },
});
/** Takes nothing by claim check. */
const clerk = defineAgent({
  name: 'clerk',
  commands: { file: { input: Text } },
  limits: { inlineBytes: 400 },
});

export const textOf = (length: number) => Array.from({ length }, (_, at) => String(at % 10)).join('');

export function pressMesh(): WorldAgent[] {
  const editorHandlers = {
    hand: (text, ctx) => {
      ctx.send(press.print, text);
      return text;
    },
    later: (text, ctx) => ctx.send(press.print, text, { delay: '150d' }),
    misdirect: (text, ctx) => ctx.send(clerk.file, text),
  } satisfies HandlersOf<typeof editor>;
  const pressHandlers = {
    print: {
      keys: ({ name }) => [name],
      handle: ({ name, text }, ctx) => {
        const printed = (ctx.state.get(name)?.printed ?? 0) + 1;
        ctx.state.set(name, { printed, digest: digest(text) });
        ctx.publish(press.printed, { name, text });
      },
    },
  } satisfies HandlersOf<typeof press>;
  const archiveHandlers = {
    'press.printed': {
      keys: ({ name }) => [name],
      handle: ({ name, text }, ctx) => {
        ctx.state.set(name, { kept: (ctx.state.get(name)?.kept ?? 0) + 1, digest: digest(text) });
      },
    },
  } satisfies HandlersOf<typeof archive>;
  const clerkHandlers = { file: () => undefined } satisfies HandlersOf<typeof clerk>;
  return [
    { agent: editor, handlers: editorHandlers },
    { agent: press, handlers: pressHandlers },
    { agent: archive, handlers: archiveHandlers },
    { agent: clerk, handlers: clerkHandlers },
    { agent: recorder, handlers: recorderHandlers },
  ].map(({ agent, handlers }) => ({
    contract: agent.contract,
    routes: ({ clock, secrets }) =>
      handlerRoutes({ contract: agent.contract, handlers, clock, secrets, env: {} }),
  }));
}
