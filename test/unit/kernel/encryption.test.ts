import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { defineAgent, rejected } from '../../../shared/contract/index.ts';
import { defineWorkflow, type HandlersOf } from '../../../shared/index.ts';
import { AgentTest, fake, ManualClock } from '../../../shared/testing/index.ts';
import { undo } from '../../../shared/workflow/index.ts';

/** What no document, message or log may hold in the clear. */
const SECRET = 'the-patient-has-measles';

const lab = defineAgent({
  name: 'lab',
  commands: {
    test: { input: z.object({ sample: z.string() }), output: z.object({ result: z.string() }) },
    discard: { input: z.object({ sample: z.string() }) },
  },
});
const clinic = defineAgent({
  name: 'clinic',
  calls: ['lab', 'clinic'],
  encryption: { tenant: 'patient' },
  commands: {
    note: {
      input: z.object({ patient: z.string(), text: z.string() }),
      output: z.object({ notes: z.number(), last: z.string() }),
    },
    scan: { mode: 'effect', input: z.object({ patient: z.string(), text: z.string() }) },
    file: {
      input: z.object({ patient: z.string(), pages: z.array(z.string()) }),
      claimCheckBytes: 1_000_000,
    },
  },
  publishes: { noted: z.object({ text: z.string() }) },
  workflows: {
    treat: {
      input: z.object({ patient: z.string(), text: z.string() }),
      output: z.json(),
      key: 'patient',
      queries: { text: { output: z.string() } },
    },
  },
  providers: { scanner: {} },
  state: { schema: z.object({ notes: z.array(z.string()) }) },
  limits: { inlineBytes: 3_000 },
});
const filed: number[] = [];
const handlers = {
  note: {
    keys: ({ patient }) => [patient],
    handle: ({ patient, text }, ctx) => {
      if (text === 'refuse') throw rejected('refused', 'no');
      const notes = [...(ctx.state.get(patient)?.notes ?? []), text];
      ctx.state.set(patient, { notes });
      ctx.publish(clinic.noted, { text });
      ctx.send(lab.test, { sample: text });
      ctx.send(lab.test, { sample: text }, { delay: '1h' });
      return { notes: notes.length, last: text };
    },
  },
  scan: async ({ text }, ctx) => {
    await ctx.provider('scanner').call(async () => {
      ctx.heartbeat({ text });
      await new Promise(() => {});
    });
  },
  file: ({ patient, pages }, ctx) => {
    filed.push(pages.length);
    if (pages.length > 1) ctx.send(clinic.file, { patient, pages: pages.slice(1) });
  },
} satisfies HandlersOf<typeof clinic>;
const treat = defineWorkflow({
  name: 'treat',
  version: 1,
  input: z.object({ patient: z.string(), text: z.string() }),
  output: z.json(),
  status: z.object({ text: z.string() }),
  async run(wf, { text }) {
    wf.onQuery('text', () => text);
    const discard = undo(lab.discard, () => ({ sample: text }));
    const { result } = await wf.call(lab.test, { sample: text }, { compensate: discard });
    wf.setStatus({ text });
    const { more } = await wf.signal('more', { schema: z.object({ more: z.string() }) });
    await wf.sideEffect('look', () => ({ text, more }));
    await wf.sleep('1h');
    return { result, more };
  },
});
const tested = fake(lab.test, ({ sample }) => ({ result: `${sample}: yes` }));
const discarded = fake(lab.discard, () => undefined);

const make = (clock = new ManualClock()) => {
  filed.length = 0;
  return new AgentTest({ agent: clinic, handlers, workflows: [treat], fakes: [tested, discarded], clock });
};
type Test = ReturnType<typeof make>;
const input = { patient: 'ada', text: SECRET };

/** All that the store holds, as text; bytes too, in which a text would be seen. */
function stored(test: Test): string {
  const seen: string[] = [];
  const walk = (value: unknown): void => {
    if (value instanceof Uint8Array) seen.push(Buffer.from(value).toString('latin1'));
    else if (typeof value === 'object' && value !== null) for (const part of Object.values(value)) walk(part);
    else seen.push(String(value));
  };
  for (const { path, fields } of test.store.documents.values()) {
    seen.push(path);
    walk(fields);
  }
  return seen.join('\n');
}
const runOf = async (test: Test) => (await test.store.query({ collection: 'workflows' }))[0];
const signal = async (test: Test) => {
  const run = await runOf(test);
  const runid = run?.path.slice('workflows/'.length) ?? '';
  const data = JSON.stringify({ name: 'more', payload: { more: SECRET } });
  return test.deliver(test.postRaw(data, { 'ce-type': 'mesh.signal', runid }));
};

describe('a handler whose payloads are encrypted', () => {
  it('reads and writes as ever, and no document holds a payload in the clear', async () => {
    const test = make();
    expect(await test.send(clinic.note, input)).toEqual({ notes: 1, last: SECRET });
    test.restart();
    expect(await test.send(clinic.note, input)).toEqual({ notes: 2, last: SECRET });
    expect(await test.state.get('ada')).toEqual({ notes: [SECRET, SECRET] });
    expect(test.published(clinic.noted)).toEqual([{ text: SECRET }, { text: SECRET }]);
    expect(stored(test)).not.toContain(SECRET);
    expect(stored(test)).toContain('MSH1');
  });

  it('sends to its tenant: all that follows from a message is encrypted with one key', async () => {
    const test = make();
    await test.send(clinic.note, input);
    expect([...test.sent, ...test.events].map(({ message }) => message.tenant)).toEqual([
      'ada',
      'ada',
      'ada',
    ]);
    await test.send(clinic.note, { ...input, patient: 'bob' }, { tenant: 'ward-7' });
    expect(test.events.at(-1)?.message.tenant).toBe('ward-7');
  });

  it('handles a message once, however often it comes', async () => {
    const test = make();
    const message = test.post(clinic.note, input);
    await test.deliver(message, { dies: 'after-commit' });
    expect(await test.deliver(message)).toEqual({
      outcome: { kind: 'ack', duplicate: true },
      output: { notes: 1, last: SECRET },
    });
    expect(await test.state.get('ada')).toEqual({ notes: [SECRET] });
  });

  it('keeps payloads by claim check under names that tell nothing, apart for each tenant', async () => {
    const test = make();
    const pages = Array.from({ length: 40 }, (_, at) => `${SECRET} ${at} ${'x'.repeat(100)}`);
    for (const patient of ['ada', 'bob']) await test.send(clinic.file, { patient, pages });
    const blobs = [...test.store.documents.keys()].filter((path) => path.startsWith('blobs/'));
    expect(new Set(blobs).size).toBe(blobs.length);
    expect(filed.length).toBe(80);
    expect(stored(test)).not.toContain(SECRET);
    await test.eraseTenant('bob');
    filed.length = 0;
    await test.send(clinic.file, { patient: 'ada', pages });
    expect(filed.length).toBe(40);
  });

  it('buries what it gives up on encrypted, and tells why in the clear', async () => {
    const test = make();
    await test.fail(clinic.note, { patient: 'ada', text: 7 as unknown as string });
    const [letter] = test.deadLetters;
    expect(letter).toMatchObject({
      failure: { code: 'SchemaMismatch', field: 'text' },
      message: { data: { text: 7 } },
    });
    expect(letter?.message.message.tenant).toBe('ada');
  });

  it('keeps the progress of a long step encrypted', async () => {
    const test = make();
    const scanning = test.deliver(test.post(clinic.scan, input));
    await test.advance('50s');
    expect([...test.store.documents.values()].some(({ fields }) => fields.progress !== undefined)).toBe(true);
    expect(stored(test)).not.toContain(SECRET);
    await test.advance('1m');
    await scanning;
  });

  it('is that of the tenant that its input names, where it follows from what is of nobody in particular', async () => {
    const test = make();
    await test.send(clinic.note, input, { tenant: 'default' });
    expect(test.events[0]?.message.tenant).toBe('ada');
  });

  it('refuses a tenant that is no name of one', async () => {
    expect(await make().fail(clinic.note, input, { tenant: 'a/b' })).toMatchObject({
      code: 'InvalidAttribute',
    });
  });
});

describe('keys that can not be asked for', () => {
  it('put a message off, which is no fault of its, and it is handled once they can', async () => {
    const test = make();
    test.keys.down = true;
    const message = test.post(clinic.note, input);
    for (let attempt = 1; attempt <= 20; attempt++)
      expect((await test.deliver(message, { attempt })).outcome).toMatchObject({
        kind: 'defer',
        why: 'provider',
      });
    expect(test.deadLetters).toEqual([]);
    test.keys.down = false;
    await test.advance('10s');
    expect(await test.state.get('ada')).toEqual({ notes: [SECRET] });
  });

  it('put off an encrypted message as it came', async () => {
    const test = make();
    await test.deliver(test.post(clinic.treat, input));
    test.restart();
    test.keys.down = true;
    expect((await signal(test)).outcome).toMatchObject({ kind: 'defer' });
    await test.advance('2h');
    expect((await runOf(test))?.fields.status).toBe('running');
    test.keys.down = false;
    await test.advance('2h');
    expect((await runOf(test))?.fields.status).toBe('completed');
    expect(test.deadLetters).toEqual([]);
  });

  it('are asked for a tenant once in a while, not with each message', async () => {
    const test = make();
    for (let sent = 0; sent < 10; sent++) await test.send(clinic.note, input);
    const { asked } = test.keys;
    expect(asked).toBeLessThanOrEqual(2);
    await test.advance('10m');
    await test.send(clinic.note, input);
    expect(test.keys.asked).toBeGreaterThan(asked);
  });
});

describe('a run whose payloads are encrypted', () => {
  it('goes on as ever, and only what routes it is in the clear', async () => {
    const test = make();
    await test.deliver(test.post(clinic.treat, input));
    test.restart();
    await signal(test);
    expect(stored(test)).not.toContain(SECRET);
    expect((await runOf(test))?.fields).toMatchObject({
      status: 'running',
      key: 'ada',
      tenant: 'ada',
      workflow: 'treat',
    });
    await test.advance('1h');
    expect(test.sent.every(({ message }) => message.tenant === 'ada')).toBe(true);
    expect((await runOf(test))?.fields.status).toBe('completed');
    expect(stored(test)).not.toContain(SECRET);
  });

  it('is one run, whoever starts it again, and tells its output', async () => {
    const test = make();
    await test.deliver(test.post(clinic.treat, input));
    expect((await test.deliver(test.post(clinic.treat, { ...input, text: 'other' }))).error).toMatchObject({
      code: 'RunExists',
    });
    await signal(test);
    await test.advance('1h');
    const again = await test.deliver(test.post(clinic.treat, input, { runId: 'other', stepId: '1.1' }));
    expect(again.output).toEqual({ result: `${SECRET}: yes`, more: SECRET });
  });
});

describe('a tenant that is erased', () => {
  it('has its messages refused for good', async () => {
    const test = make();
    await test.send(clinic.note, input);
    await test.eraseTenant('ada');
    expect(await test.fail(clinic.note, input)).toMatchObject({ code: 'PayloadErased', retry: false });
    await expect(test.state.get('ada')).rejects.toMatchObject({ code: 'PayloadErased' });
    expect(await test.send(clinic.note, { patient: 'bob', text: 'x' })).toEqual({ notes: 1, last: 'x' });
    expect(stored(test)).not.toContain(SECRET);
  });

  it('has a run under way ended by the next message for it, and whoever waits is told', async () => {
    const test = make();
    const start = test.post(clinic.treat, input);
    await test.deliver(start);
    await test.eraseTenant('ada');
    await signal(test);
    expect((await runOf(test))?.fields).toMatchObject({
      status: 'terminated',
      key: 'ada',
      failure: { code: 'PayloadErased' },
      endedAt: expect.any(Date),
      expireAt: expect.any(Date),
    });
    expect(test.logs.filter(({ fields }) => fields.alert === 'payload_erased')).toHaveLength(1);
    const before = test.store.documents.size;
    await test.advance('3d');
    await signal(test);
    expect((await runOf(test))?.fields.status).toBe('terminated');
    expect(test.store.documents.size).toBeLessThanOrEqual(before + 1);
    expect(test.sent.map(({ type }) => type)).toEqual(['lab.test']);
  });

  it('has a run ended by an encrypted message that can not be read either', async () => {
    const test = make();
    await test.deliver(test.post(clinic.treat, input));
    await signal(test);
    await test.eraseTenant('ada');
    // The timer of its sleep.
    await test.advance('1h');
    expect((await runOf(test))?.fields).toMatchObject({
      status: 'terminated',
      failure: { code: 'PayloadErased' },
    });
    expect(test.deadLetters).toEqual([]);
  });

  it('has a message that was handled before taken for handled', async () => {
    const test = make();
    const message = test.post(clinic.note, input);
    await test.deliver(message);
    await test.eraseTenant('ada');
    expect((await test.deliver(message)).outcome).toEqual({ kind: 'ack', duplicate: true });
  });
});
