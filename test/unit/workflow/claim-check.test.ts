import { describe, expect, it } from 'vitest';
import type { Json } from '../../../shared/contract/json.ts';
import { runIdOf } from '../../../shared/contract/keys.ts';
import type { WireMessage } from '../../../shared/contract/message.ts';
import { decodeRun } from '../../../shared/workflow/run-record.ts';
import {
  beginRerun,
  checkHistory,
  exportedPayloads,
  exportRun,
  parseExportedRun,
  planRerun,
  readRecordedRun,
} from '../../../shared/workflow/runs/index.ts';
import {
  APPROVAL,
  edition,
  editionMesh,
  publisher,
  SET,
  TEXT,
  WHOLE,
  WORDS,
} from '../../support/edition-mesh.ts';
import { World, type WorldOptions } from '../../support/world.ts';

const DAY_MS = 86_400_000;
const RUN = runIdOf('edition', 'e');
const ORDER = { id: 'e', text: TEXT, words: WORDS };

/** Warm: an instance lasts. Cold: each message comes to a new one, which replays the history. */
const INSTANCES = [
  ['warm', true],
  ['cold', false],
] as const;

function mesh(options: Partial<WorldOptions> = {}) {
  const world = new World({ agents: editionMesh(), ...options });
  const sizes: number[] = [];
  const published: { readonly type: string; readonly data: Json }[] = [];
  const publish = world.publish.bind(world);
  world.publish = (topic: string, ...messages: readonly WireMessage[]) => {
    for (const { data, attributes } of messages) {
      sizes.push(data.byteLength);
      published.push({ type: attributes['ce-type'] ?? '', data: JSON.parse(Buffer.from(data).toString()) });
    }
    publish(topic, ...messages);
  };
  const run = (id = RUN) => {
    const document = world.store.documents.get(`workflows/${id}`);
    if (!document) throw new Error(`there is no run ${id}`);
    return decodeRun(document);
  };
  const signal = (name: string, payload: Json) =>
    world.publish('mesh-publisher', {
      data: Buffer.from(JSON.stringify({ name, payload })),
      attributes: { 'ce-type': 'mesh.signal', runid: RUN },
    });
  return { world, run, signal, sizes, published };
}

describe.each(INSTANCES)('a run whose payloads are too large to inline, on a %s instance', (_, lasting) => {
  it('goes through every operation: calls, a gather, a map-reduce, a child, a signal, a side effect, an event', async () => {
    const { world, run, signal, sizes, published } = mesh({ lasting });
    world.command('publisher', 'edition', ORDER);
    await world.settle(DAY_MS);
    expect(run()).toMatchObject({ status: 'running', waitingFor: ['signal approve'] });
    const fromOutside = sizes.splice(0, 1);
    signal('approve', APPROVAL);
    await world.settle(DAY_MS);
    expect(run()).toMatchObject({ status: 'completed' });
    expect(await whole(world, run().output ?? null)).toEqual({ text: WHOLE, words: WORDS.length });
    const event = published.find(({ type }) => type === 'publisher.published');
    expect(await whole(world, event?.data ?? null)).toEqual({ name: 'e', text: WHOLE });
    // On the wire, and in the history, there are references.
    expect(fromOutside[0]).toBeGreaterThan(4_000);
    expect(sizes.filter((size) => size > 400)).toEqual([
      JSON.stringify({ name: 'approve', payload: APPROVAL }).length,
    ]);
    expect(run().history.length).toBeLessThan(12_000);
    expect(run().history).not.toContain('lorem');
  });

  it('is undone with what its compensations were given', async () => {
    const { world, run, signal } = mesh({ lasting });
    world.command('publisher', 'edition', { ...ORDER, fails: true });
    await world.settle(DAY_MS);
    signal('approve', APPROVAL);
    await world.settle(DAY_MS);
    expect(run()).toMatchObject({ status: 'failed', failure: { reason: 'misprint' } });
    expect(world.store.documents.get('agents/press/state/e')?.fields).toEqual({ scrapped: SET });
  });

  it('begins anew with an input by claim check', async () => {
    const { world, run } = mesh({ lasting });
    world.command('publisher', 'series', { id: 's', left: 3, text: TEXT });
    await world.settle(DAY_MS);
    const id = runIdOf('series', 's');
    expect(run(id).status).toBe('completed');
    expect(String(await whole(world, run(id).output ?? null)).split('/s.')).toHaveLength(5);
    expect(run(id).history.length).toBeLessThan(2_000);
  });
});

describe('a run', () => {
  it('is the same however its input came', async () => {
    const { world, run } = mesh();
    world.command('publisher', 'series', { id: 's', left: 0, text: TEXT });
    await world.settle(DAY_MS);
    const { data } = { data: await checkedIn(world, { id: 's', left: 0, text: TEXT }) };
    world.command('publisher', 'series', data);
    await world.settle(DAY_MS);
    expect(run(runIdOf('series', 's')).steps.total).toBe(1);
    expect([...world.store.documents.keys()].filter((path) => path.startsWith('deadLetters/'))).toEqual([]);
  });

  it('keeps what comes while it is paused by claim check', async () => {
    const { world, run, signal } = mesh();
    world.command('publisher', 'edition', ORDER);
    await world.settle(DAY_MS);
    world.publish('mesh-publisher', {
      data: Buffer.from('{}'),
      attributes: { 'ce-type': 'mesh.pause', runid: RUN },
    });
    await world.settle(DAY_MS);
    signal('approve', APPROVAL);
    await world.settle(DAY_MS);
    expect(JSON.stringify(run().kept)).toContain('mesh.claimCheck');
    expect(JSON.stringify(run().kept).length).toBeLessThan(300);
    world.publish('mesh-publisher', {
      data: Buffer.from('{}'),
      attributes: { 'ce-type': 'mesh.resume', runid: RUN },
    });
    await world.settle(DAY_MS);
    expect(await whole(world, run().output ?? null)).toMatchObject({ text: WHOLE });
  });
});

describe('a payload that is gone', () => {
  const lose = (world: World) => {
    for (const path of [...world.store.documents.keys()])
      if (path.startsWith('blobs/')) world.store.documents.delete(path);
  };

  it('blocks the run whose code needs it, and lets it be ended and undone', async () => {
    // A run that is blocked is looked at again and again.
    const meanwhile = (deliveries: number) => {
      if (deliveries > 150) throw new Error('it goes on');
    };
    const { world, run, signal } = mesh({ meanwhile });
    world.command('publisher', 'edition', ORDER);
    await world.settle(DAY_MS);
    lose(world);
    signal('approve', APPROVAL);
    await world.settle(DAY_MS).catch(() => {});
    expect(run()).toMatchObject({ status: 'blocked', failure: { code: 'ClaimCheckLost' } });
    world.publish('mesh-publisher', {
      data: Buffer.from('{"compensate":false}'),
      attributes: { 'ce-type': 'mesh.terminate', runid: RUN },
    });
    await world.settle(DAY_MS).catch(() => {});
    expect(run()).toMatchObject({ status: 'terminated' });
  });

  it('of a signal makes a dead letter of the signal, and leaves the run as it was', async () => {
    const { world, run, signal } = mesh({ lasting: true });
    world.command('publisher', 'edition', ORDER);
    await world.settle(DAY_MS);
    const { inPlaceOf, toBlob } = await import('../../../shared/contract/claim-check.ts');
    signal('approve', inPlaceOf(toBlob(APPROVAL).check));
    await world.settle(DAY_MS);
    expect(run()).toMatchObject({ status: 'running', waitingFor: ['signal approve'] });
    const letters = [...world.store.documents.values()].filter(({ path }) => path.startsWith('deadLetters/'));
    expect(letters.map(({ fields }) => fields.code)).toEqual(['ClaimCheckLost']);
  });

  it('of a reply leaves the outcome of the step unknown: it fails, and is undone', async () => {
    const { world, run } = mesh();
    const publish = world.publish.bind(world);
    world.publish = (topic: string, ...messages: readonly WireMessage[]) => {
      // Between the reply and its receipt: only the output of the first step.
      for (const { attributes, data } of messages)
        if (attributes['ce-type'] === 'mesh.reply' && /^1\.\d$/.test(attributes.stepid ?? '')) {
          const { output } = JSON.parse(Buffer.from(data).toString()) as {
            output: Record<string, { sha256: string }>;
          };
          world.store.documents.delete(`blobs/${output['mesh.claimCheck']?.sha256}`);
        }
      publish(topic, ...messages);
    };
    world.command('publisher', 'edition', ORDER);
    await world.settle(DAY_MS);
    expect(run()).toMatchObject({ status: 'failed', failure: { code: 'ClaimCheckLost' } });
    expect(world.store.documents.get('agents/press/state/e')?.fields).toEqual({ scrapped: 'unknown' });
  });
});

describe('a run that waits for long', () => {
  it('finds its payloads after 300 days', async () => {
    const { world, run, signal } = mesh();
    world.command('publisher', 'edition', { ...ORDER, fails: true });
    await world.settle(300 * DAY_MS);
    // Were the timer lost, the sweep would see to it.
    expect(run().renewAt).toEqual(run().wakeAt);
    expect(run().renewAt?.getTime()).toBeGreaterThan(world.clock.now());
    sweep(world);
    signal('approve', APPROVAL);
    await world.settle(DAY_MS);
    expect(run()).toMatchObject({ status: 'failed', failure: { reason: 'misprint' } });
    expect(world.store.documents.get('agents/press/state/e')?.fields).toEqual({ scrapped: SET });
  });

  it('asks for no more once it has ended, and leaves its payloads for 90 days at least', async () => {
    const { world, run, signal } = mesh();
    world.command('publisher', 'edition', ORDER);
    await world.settle(100 * DAY_MS);
    signal('approve', APPROVAL);
    await world.settle(DAY_MS);
    const ended = world.clock.now();
    const output = run().output ?? null;
    await world.settle();
    expect(world.clock.now() - ended).toBeLessThan(30 * DAY_MS);
    await world.clock.advance(ended + 90 * DAY_MS - world.clock.now());
    sweep(world);
    expect(await whole(world, output)).toMatchObject({ text: WHOLE });
  });
});

describe('a recorded run', () => {
  const recorded = async () => {
    const { world, signal, run } = mesh();
    world.command('publisher', 'edition', ORDER);
    await world.settle(DAY_MS);
    signal('approve', APPROVAL);
    await world.settle(DAY_MS);
    return { world, run, origin: await readRecordedRun(world.store, RUN) };
  };
  const code = { definition: edition, contract: publisher.contract };
  const facts = { runId: RUN, key: 'e' };

  it('is exported with what its code was given, and replayed from the file alone', async () => {
    const { origin } = await recorded();
    const file = JSON.stringify(exportRun(origin), null, 2);
    const exported = parseExportedRun(JSON.parse(file), 'e.json');
    expect(
      await checkHistory(exported.history, { ...code, facts }, exportedPayloads(exported)),
    ).toBeUndefined();
    expect(await checkHistory(exported.history, { ...code, facts })).toMatchObject({
      code: 'ClaimCheckLost',
    });
    const other = { ...edition, run: async () => ({ text: '', words: 0 }) };
    const changed = { ...code, definition: other, facts };
    expect(await checkHistory(exported.history, changed, exportedPayloads(exported))).toMatchObject({
      code: 'NonDeterministic',
      recorded: 'call press.set',
    });
  });

  it('is repeated from a step, with an edited input that is too large to inline, long after', async () => {
    const { world, origin, run } = await recorded();
    await world.clock.advance(80 * DAY_MS);
    const ports = { ...world.ports, store: world.store, clock: world.clock };
    const input = { ...ORDER, words: [...WORDS, ...WORDS] };
    const rerun = await planRerun(ports, origin, { from: '2', input, code });
    expect(rerun.run.history.length).toBeLessThan(3_000);
    await beginRerun(ports, { prefix: 'mesh', source: '/test' }, rerun);
    await world.clock.advance(60 * DAY_MS);
    sweep(world);
    await world.settle(DAY_MS);
    world.publish('mesh-publisher', {
      data: Buffer.from(JSON.stringify({ name: 'approve', payload: APPROVAL })),
      attributes: { 'ce-type': 'mesh.signal', runid: rerun.run.runId },
    });
    await world.settle(DAY_MS);
    expect(run(rerun.run.runId)).toMatchObject({ status: 'completed' });
    expect(await whole(world, run(rerun.run.runId).output ?? null)).toEqual({ text: WHOLE, words: 120 });
  });
});

/** Deletes what Firestore may have deleted by now. */
function sweep(world: World): void {
  for (const { path, fields } of [...world.store.documents.values()])
    if (fields.expireAt instanceof Date && fields.expireAt.getTime() <= world.clock.now())
      world.store.documents.delete(path);
}

async function checkedIn(world: World, payload: Json): Promise<Json> {
  const { inPlaceOf, toBlob } = await import('../../../shared/contract/claim-check.ts');
  const { Blobs } = await import('../../../shared/kernel/blobs.ts');
  const blob = toBlob(payload);
  await new Blobs(world.store, world.clock).write([blob]);
  return inPlaceOf(blob.check);
}

async function whole(world: World, payload: Json): Promise<Json> {
  const { claimCheckOf } = await import('../../../shared/contract/claim-check.ts');
  const { Blobs } = await import('../../../shared/kernel/blobs.ts');
  const { payloadOf } = await import('../../../shared/kernel/opened.ts');
  const check = claimCheckOf(payload);
  return check ? payloadOf(check, new Blobs(world.store, world.clock)) : payload;
}
