import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { inPlaceOf, isClaimCheck, toBlob } from '../../../shared/contract/claim-check.ts';
import type { DeadLetter } from '../../../shared/contract/dead-letter.ts';
import { defineAgent } from '../../../shared/contract/define-agent.ts';
import type { Json } from '../../../shared/contract/json.ts';
import type { WireMessage } from '../../../shared/contract/message.ts';
import type { Ports } from '../../../shared/contract/ports.ts';
import { readDeadLetter, toRedrive } from '../../../shared/kernel/dead-letter.ts';
import type { HandlersOf } from '../../../shared/kernel/handler.ts';
import { handlerRoutes } from '../../../shared/kernel/handler-routes.ts';
import { FaultPlan } from '../../support/faults.ts';
import { pressMesh, textOf } from '../../support/press-mesh.ts';
import { World, type WorldOptions } from '../../support/world.ts';

const DAY_MS = 86_400_000;
const LONG = { name: 'long', text: textOf(5_000) };

function mesh(options: Partial<WorldOptions> = {}) {
  const sent: { readonly topic: string; readonly type: string | undefined; readonly data: Json }[] = [];
  const world = new World({ agents: pressMesh(), ...options });
  const publish = world.publish.bind(world);
  world.publish = (topic: string, ...messages: readonly WireMessage[]) => {
    for (const { data, attributes } of messages)
      sent.push({ topic, type: attributes['ce-type'], data: JSON.parse(Buffer.from(data).toString()) });
    publish(topic, ...messages);
  };
  const deadLetters = () =>
    [...world.store.documents.values()]
      .filter(({ path }) => /^deadLetters\/[^/]+$/.test(path))
      .map(({ fields }) => (JSON.parse(String(fields.letter)) as DeadLetter).failure);
  const stateOf = (agent: string) => world.store.documents.get(`agents/${agent}/state/${LONG.name}`)?.fields;
  return { world, sent, deadLetters, stateOf };
}

/** Writes a payload as an agent would, and gives what stands for it. */
async function handIn(world: World, payload: Json): Promise<Json> {
  const { Blobs } = await import('../../../shared/kernel/blobs.ts');
  const blob = toBlob(payload);
  await new Blobs(world.store, world.clock).write([blob]);
  return inPlaceOf(blob.check);
}

describe('a payload that is too large to inline', () => {
  it('goes by claim check from handler to handler: a command, an event, each as a message of some hundred bytes', async () => {
    const { world, sent, stateOf } = mesh();
    world.command('editor', 'hand', LONG);
    await world.settle();
    expect(stateOf('press')).toMatchObject({ printed: 1 });
    expect(stateOf('archive')).toMatchObject({ kept: 1 });
    const [, command, event] = sent;
    expect([command?.type, event?.type]).toEqual(['press.print', 'press.printed']);
    expect([command?.data, event?.data].every((data) => isClaimCheck(data))).toBe(true);
    // The same payload is the same blob.
    expect(command?.data).toEqual(event?.data);
  });

  it('is in the reply by claim check too', async () => {
    const { world, sent } = mesh();
    world.command('editor', 'hand', LONG, { replyto: 'editor', runid: 'a-run', stepid: '1.1' });
    await world.settle();
    const reply = sent.find(({ type }) => type === 'mesh.reply');
    expect(reply?.data).toEqual({ ok: true, output: inPlaceOf(toBlob(LONG).check) });
  });

  it('is refused to whoever takes none, before anything is sent', async () => {
    const { world, deadLetters } = mesh();
    world.command('editor', 'misdirect', LONG);
    await world.settle();
    expect(deadLetters()).toEqual([
      expect.objectContaining({
        code: 'PayloadTooLarge',
        message: 'the clerk.file that editor sends has 5025 bytes; the limit is 400',
      }),
    ]);
  });

  it('is there when a delayed message comes, 150 days later', async () => {
    const { world, stateOf } = mesh();
    world.command('editor', 'later', LONG);
    await world.settle();
    expect(stateOf('archive')).toMatchObject({ kept: 1 });
    const [blob] = [...world.store.documents.values()].filter(({ path }) => path.startsWith('blobs/'));
    const expireAt = blob?.fields.expireAt;
    const most = new Date(world.clock.now() + 100 * DAY_MS);
    expect(expireAt instanceof Date && expireAt > most).toBe(true);
  });

  it('is kept for a delayed message though somebody else sends the same in the meantime, to be kept for less', async () => {
    const { world } = mesh();
    world.command('editor', 'later', LONG);
    await world.settle(DAY_MS);
    await handIn(world, LONG);
    await world.settle(148 * DAY_MS);
    const { sha256 } = toBlob(LONG).check;
    const { expireAt } = world.store.documents.get(`blobs/${sha256}`)?.fields ?? {};
    expect(expireAt instanceof Date && expireAt.getTime() > world.clock.now()).toBe(true);
  });
});

describe('a claim check from outside', () => {
  it('is taken like the payload that it stands for', async () => {
    const { world, stateOf } = mesh();
    world.command('press', 'print', await handIn(world, LONG));
    await world.settle();
    expect(stateOf('press')).toMatchObject({ printed: 1 });
  });

  it('is held to the schema of its message', async () => {
    const { world, deadLetters } = mesh();
    world.command('press', 'print', await handIn(world, { name: 'long', text: 7 }));
    world.command('press', 'print', await handIn(world, { ...LONG, more: 1 }));
    await world.settle();
    expect(deadLetters().map(({ code, field }) => [code, field])).toEqual([
      ['SchemaMismatch', 'text'],
      ['SchemaMismatch', 'data'],
    ]);
  });

  it('is held to the limit of its message, and its payload is not even read', async () => {
    const { world, deadLetters } = mesh();
    const { check } = toBlob({ name: 'long', text: textOf(20_000) });
    world.command('press', 'print', inPlaceOf(check));
    world.command('clerk', 'file', inPlaceOf(toBlob(LONG).check));
    await world.settle();
    expect(deadLetters().map(({ code, message }) => [code, message])).toEqual([
      ['PayloadTooLarge', 'the data has 20025 bytes; the limit is 20000, by claim check'],
      ['PayloadTooLarge', 'the data has 5025 bytes; the limit is 400'],
    ]);
  });

  it('is a dead letter at once where it is made up, and the redrive of one whose payload is there goes well', async () => {
    const { world, deadLetters, stateOf } = mesh();
    world.command('press', 'print', inPlaceOf(toBlob(LONG).check));
    await world.settle();
    expect(deadLetters()).toMatchObject([{ code: 'ClaimCheckLost' }]);
    expect(world.outcomes.filter(({ agent }) => agent === 'press')).toHaveLength(1);
    await handIn(world, LONG);
    const original = {
      data: Buffer.from(JSON.stringify(inPlaceOf(toBlob(LONG).check))),
      attributes: { 'ce-type': 'press.print', deadlettercode: 'ClaimCheckLost', deadletteragent: 'press' },
    };
    const delivery = { ...original, messageId: '1', publishTime: '2026-01-01T00:00:00Z', subscription: '' };
    const { deployment } = world.topology.functions[0] ?? {};
    if (!deployment) throw new Error('there is no agent');
    world.publish('mesh-press', toRedrive(readDeadLetter(delivery, deployment)));
    await world.settle();
    expect(stateOf('press')).toMatchObject({ printed: 1 });
  });

  it('that is malformed names its field', async () => {
    const { world, deadLetters } = mesh();
    world.command('press', 'print', { 'mesh.claimCheck': { sha256: 'x', bytes: 1 } });
    await world.settle();
    expect(deadLetters()).toMatchObject([{ code: 'SchemaMismatch', field: 'mesh.claimCheck.sha256' }]);
  });
});

describe('a publisher who knows nothing of claim checks', () => {
  it('may send the payload as it is, up to the same limit', async () => {
    const { world, stateOf, deadLetters } = mesh();
    world.command('press', 'print', LONG);
    world.command('press', 'print', { name: 'long', text: textOf(20_000) });
    await world.settle();
    expect(stateOf('press')).toMatchObject({ printed: 1 });
    expect(deadLetters()).toMatchObject([{ code: 'PayloadTooLarge' }]);
  });
});

describe('a message that is put off', () => {
  const vault = defineAgent({
    name: 'vault',
    commands: { keep: { input: z.object({ text: z.string() }) } },
    state: { schema: z.object({ length: z.number() }) },
    limits: { claimCheckBytes: 2_000_000 },
  });
  const handlers = {
    keep: {
      keys: () => ['it'],
      handle: ({ text }, ctx) => ctx.state.set('it', { length: text.length }),
    },
  } satisfies HandlersOf<typeof vault>;

  it('goes by claim check from then on, where it is too large for a timer', async () => {
    const { contract } = vault;
    const routes = ({ clock, secrets }: Ports) =>
      handlerRoutes({ contract, handlers, clock, secrets, env: {} });
    const world = new World({ agents: [{ contract, routes }] });
    const notbefore = new Date(world.clock.now() + 140 * DAY_MS).toISOString();
    world.command('vault', 'keep', { text: 'x'.repeat(1_500_000) }, { notbefore });
    await world.settle();
    expect(world.store.documents.get('agents/vault/state/it')?.fields).toEqual({ length: 1_500_000 });
    expect(new Date(world.clock.now()).toISOString()).toBe(notbefore);
  });
});

describe('a message that was handled', () => {
  it('is acked when it comes again though its payload is gone, and what it sent is sent again', async () => {
    const { world, deadLetters, stateOf, sent } = mesh();
    const known = { 'ce-id': 'once', 'ce-source': '/test' };
    world.command('press', 'print', await handIn(world, LONG), known);
    await world.settle();
    for (const path of [...world.store.documents.keys()])
      if (path.startsWith('blobs/')) world.store.documents.delete(path);
    const before = sent.length;
    world.command('press', 'print', inPlaceOf(toBlob(LONG).check), known);
    await world.settle();
    expect(deadLetters()).toEqual([]);
    expect(stateOf('press')).toMatchObject({ printed: 1 });
    expect(sent.slice(before).map(({ type }) => type)).toEqual(['print', 'press.printed']);
  });
});

describe('the cost', () => {
  it('of a step without large payloads is what it was, and of one with them a read or a commit more', async () => {
    const calls = async (length: number) => {
      const plan = new FaultPlan();
      const { world } = mesh({ plan });
      world.command('press', 'print', { name: 'n', text: textOf(length) });
      await world.settle();
      return plan.trace;
    };
    const step = ['read', 'commit', 'publish'];
    expect(await calls(10)).toEqual([...step, 'read', 'commit']);
    // Published: the payload is written first. Taken: it is read first.
    expect(await calls(5_000)).toEqual(['read', 'commit', 'commit', 'publish', 'read', 'read', 'commit']);
  });
});
