import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { defineAgent, rejected } from '../../../shared/contract/index.ts';
import { type Fake, fake, WorkflowTest } from '../../../shared/testing/index.ts';
import { branch, defineWorkflow, undo, type WorkflowContext } from '../../../shared/workflow/index.ts';

/** An output that the wire and the code see differently: a default, and a date. */
const Booked = z.object({
  ref: z.string(),
  fee: z.int().default(25),
  at: z.iso.datetime().transform((text) => new Date(text)),
});
type Booked = z.output<typeof Booked>;

const rooms = defineAgent({
  name: 'rooms',
  commands: {
    book: { input: z.object({ id: z.string() }), output: Booked },
    cancel: { input: z.object({ id: z.string(), ref: z.string(), fee: z.int(), year: z.int() }) },
    fail: { input: z.object({}) },
  },
  workflows: { stay: { input: z.object({ id: z.string() }), output: Booked, key: 'id' } },
});
const desk = defineAgent({
  name: 'desk',
  calls: ['rooms'],
  workflows: { trip: { input: z.object({}), output: z.json() } },
});

const wire = { ref: 'R-1', at: '2026-03-04T05:06:07.000Z' };
const inputOf = (id: string, output: Booked | undefined) => ({
  id,
  ref: output?.ref ?? 'unknown',
  fee: output?.fee ?? 0,
  year: output?.at.getUTCFullYear() ?? 0,
});
const cancel = undo(
  rooms.cancel,
  ({ input, output }: { input: { id: string }; output: Booked | undefined }) => inputOf(input.id, output),
);
const broken = undo(
  rooms.cancel,
  ({ input, output }: { input: { id: string }; output: Booked | undefined }) => {
    if (output) throw new TypeError('no such room');
    return inputOf(input.id, output);
  },
);

function trip(run: (wf: WorkflowContext) => Promise<unknown>, fakes: readonly Fake[] = []): WorkflowTest {
  const workflow = defineWorkflow({
    name: 'trip',
    version: 1,
    input: z.object({}),
    output: z.json(),
    run: run as never,
  });
  return new WorkflowTest({ agent: desk, workflows: [workflow], fakes });
}
const cancelled = fake(rooms.cancel, () => undefined);
const refused = fake(rooms.fail, () => Promise.reject(rejected('full', 'it is full')));
const cancels = (mesh: WorkflowTest) =>
  mesh.commands.filter(({ type }) => type === 'rooms.cancel').map(({ input }) => input);

describe('a compensation is given the output as its type says', () => {
  const known = { id: 'a', ref: 'R-1', fee: 25, year: 2026 };

  test('of a call', async () => {
    const mesh = trip(
      async (wf) => {
        await wf.call(rooms.book, { id: 'a' }, { compensate: cancel });
        await wf.call(rooms.fail, {});
      },
      [cancelled, refused],
    );
    await mesh.start(desk.trip, {});
    for (const command of mesh.unanswered) await mesh.reply(command, wire);
    expect(cancels(mesh)).toEqual([known]);
    expect(mesh.run.status).toBe('failed');
  });

  test('of a branch of a gather', async () => {
    const mesh = trip(
      async (wf) => {
        await wf.gather([branch(rooms.book, { id: 'a' }, { compensate: cancel })]);
        await wf.call(rooms.fail, {});
      },
      [cancelled, refused],
    );
    await mesh.start(desk.trip, {});
    for (const command of mesh.unanswered) await mesh.reply(command, wire);
    expect(cancels(mesh)).toEqual([known]);
  });

  test('of a child', async () => {
    const mesh = trip(
      async (wf) => {
        await wf.child(rooms.stay, { id: 'a' }, { compensate: cancel });
        await wf.call(rooms.fail, {});
      },
      [cancelled, refused],
    );
    await mesh.start(desk.trip, {});
    for (const command of mesh.unanswered) await mesh.reply(command, wire);
    expect(cancels(mesh)).toEqual([known]);
  });

  test('of a success that comes after the run went on without it', async () => {
    const mesh = trip(
      async (wf) => {
        await wf.call(rooms.book, { id: 'a' }, { timeout: '5s', compensate: cancel }).catch(() => {});
        return await wf.signal('go', { schema: z.json() });
      },
      [cancelled],
    );
    await mesh.start(desk.trip, {});
    const [late] = mesh.unanswered;
    await mesh.advance('6s');
    if (late) await mesh.reply(late, wire);
    expect(cancels(mesh)).toEqual([known]);
    expect(mesh.run.status).toBe('running');
  });

  test('and what it does to it reaches neither the code nor the history', async () => {
    const seen: unknown[] = [];
    const spoils = undo(rooms.cancel, ({ output }: { output: Booked | undefined }) => {
      if (output) output.fee = 0;
      return { ...inputOf('a', output), fee: 1 };
    });
    const mesh = trip(
      async (wf) => {
        seen.push(await wf.call(rooms.book, { id: 'a' }, { compensate: spoils }));
        await wf.call(rooms.fail, {});
      },
      [cancelled, refused],
    );
    await mesh.start(desk.trip, {});
    for (const command of mesh.unanswered) await mesh.reply(command, wire);
    expect(seen).toMatchObject([{ fee: 25 }]);
  });
});

describe('an undo whose input can not be made from a known output', () => {
  test('fails for good: the run is compensation_failed, with an alert and a dead letter, and the others are undone', async () => {
    const mesh = trip(
      async (wf) => {
        await wf.call(rooms.book, { id: 'first' }, { compensate: cancel });
        await wf.call(rooms.book, { id: 'second' }, { compensate: broken });
        await wf.call(rooms.fail, {});
      },
      [fake(rooms.book, () => wire as never), cancelled, refused],
    );
    await mesh.start(desk.trip, {});
    expect(cancels(mesh)).toEqual([{ id: 'first', ref: 'R-1', fee: 25, year: 2026 }]);
    expect(mesh.run.status).toBe('compensation_failed');
    expect(mesh.steps[1]?.compensation).toMatchObject({
      status: 'failed',
      failure: { code: 'CompensationFailed', message: expect.stringContaining('no such room') },
    });
    expect(mesh.deadLetters).toMatchObject([{ code: 'CompensationFailed' }]);
  });

  test('is no matter as long as the run goes well', async () => {
    const mesh = trip(
      async (wf) => {
        const { ref } = await wf.call(rooms.book, { id: 'a' }, { compensate: broken });
        return ref;
      },
      [fake(rooms.book, () => wire as never)],
    );
    await mesh.start(desk.trip, {});
    expect(mesh.run).toMatchObject({ status: 'completed', output: 'R-1' });
  });

  test('is undone without the output where the outcome is unknown', async () => {
    const mesh = trip(
      async (wf) => void (await wf.call(rooms.book, { id: 'a' }, { timeout: '5s', compensate: broken })),
      [cancelled],
    );
    await mesh.start(desk.trip, {});
    await mesh.advance('6s');
    expect(cancels(mesh)).toEqual([{ id: 'a', ref: 'unknown', fee: 0, year: 0 }]);
    expect(mesh.run.status).toBe('failed');
  });
});
