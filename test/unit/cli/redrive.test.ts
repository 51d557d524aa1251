import { describe, expect, test } from 'vitest';
import type { DeadLetterRecord } from '../../../agents/dead-letters/contract.ts';
import { findDeadLetter } from '../../../cli/dead-letters/dead-letter-lookup.ts';
import { deadLetterText, readable } from '../../../cli/dead-letters/dead-letter-text.ts';
import { redrive } from '../../../cli/dead-letters/redrive.ts';
import { paletteFor } from '../../../cli/output/palette.ts';
import { MeshError } from '../../../shared/contract/errors.ts';
import type { WireMessage } from '../../../shared/contract/message.ts';
import type { Fields } from '../../../shared/contract/store.ts';
import { ManualClock } from '../../../shared/testing/manual-clock.ts';
import { MemoryStore } from '../../../shared/testing/memory-store.ts';

const record: DeadLetterRecord = {
  id: 'd1',
  agent: 'payments',
  type: 'payments.charge',
  code: 'SchemaMismatch',
  message: 'amount: must be a number',
  field: 'amount',
  original: {
    data: Buffer.from('{"amount":"x"}').toString('base64'),
    attributes: { 'ce-type': 'payments.charge', tenant: 't' },
    messageId: 'm1',
    publishTime: '2026-01-01T00:00:00Z',
  },
  attempts: 1,
  firstSeen: '2026-01-01T00:00:01Z',
  lastSeen: '2026-01-01T00:00:01Z',
  status: 'open',
  redrives: 0,
};

const clock = new ManualClock();

async function world() {
  const store = new MemoryStore();
  const published: { topic: string; message: WireMessage }[] = [];
  const bus = {
    publish: async (topic: string, messages: readonly WireMessage[]) => {
      for (const message of messages) published.push({ topic, message });
    },
  };
  const expireAt = new Date('2026-02-01T00:00:00Z');
  await store.commit([
    { kind: 'create', path: 'deadLetters/d1', fields: { ...record, expireAt } as unknown as Fields },
  ]);
  return { store, bus, published, stored: () => store.documents.get('deadLetters/d1')?.fields };
}

describe('redriving', () => {
  test('sends the original bytes and attributes to the agent that gave up on them, under their identity, and marks the record', async () => {
    const { store, bus, published, stored } = await world();
    const done = await redrive({ store, bus, clock }, 'dev', await findDeadLetter(store, 'd1'));
    expect(done).toEqual({
      id: 'd1',
      agent: 'payments',
      topic: 'dev-payments',
      type: 'payments.charge',
      redrives: 1,
    });
    expect(published).toEqual([
      {
        topic: 'dev-payments',
        message: {
          data: Buffer.from('{"amount":"x"}'),
          attributes: expect.objectContaining({
            'ce-type': 'payments.charge',
            tenant: 't',
            'ce-id': 'm1',
            redrive: '1',
          }),
        },
      },
    ]);
    expect(stored()).toMatchObject({
      status: 'redriven',
      redrives: 1,
      expireAt: new Date('2026-02-01T00:00:00Z'),
    });
  });

  test('twice at once sends one and the same message, and counts once', async () => {
    const { store, bus, published, stored } = await world();
    const found = await findDeadLetter(store, 'd1');
    await Promise.all([
      redrive({ store, bus, clock }, 'dev', found),
      redrive({ store, bus, clock }, 'dev', found),
    ]);
    expect(published).toHaveLength(2);
    expect(published[0]).toEqual(published[1]);
    expect(stored()).toMatchObject({ status: 'redriven', redrives: 1 });
  });

  test('leaves the record open when the message could not be sent', async () => {
    const { store, stored } = await world();
    const bus = { publish: () => Promise.reject(new MeshError('BusUnavailable', 'down')) };
    await expect(
      redrive({ store, bus, clock }, 'dev', await findDeadLetter(store, 'd1')),
    ).rejects.toMatchObject({
      code: 'BusUnavailable',
    });
    expect(stored()).toMatchObject({ status: 'open', redrives: 0 });
  });
});

describe('showing', () => {
  test('one that is not there is NotFound', async () => {
    const { store } = await world();
    for (const id of ['nope', '../workflows/x']) {
      await expect(findDeadLetter(store, id)).rejects.toMatchObject({ code: 'NotFound' });
    }
  });

  test('names code, field and reason, and shows the original as it came', () => {
    const text = deadLetterText(record, Buffer.from('{"amount":"x"}'), paletteFor({ write: () => {} }, {}));
    for (const part of ['SchemaMismatch', 'amount: must be a number', 'tenant', '"amount": "x"']) {
      expect(text).toContain(part);
    }
  });

  test('data is JSON, text or neither', () => {
    expect(readable(Buffer.from('[1]'))).toEqual({ json: [1] });
    expect(readable(Buffer.from('rubbish'))).toEqual({ text: 'rubbish' });
    expect(readable(Buffer.from([0xff, 0xfe]))).toEqual({});
  });
});
