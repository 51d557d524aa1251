import { beforeEach, expect, test, vi } from 'vitest';
import { asDeadLetter, DeadLetterRecord, deadLetters } from '../../../agents/dead-letters/contract.ts';
import { handlers } from '../../../agents/dead-letters/handler.ts';
import { type DeadLetter, silentLog } from '../../../shared/contract/index.ts';
import { ManualClock } from '../../../shared/testing/manual-clock.ts';
import { Desk } from '../../support/desk.ts';

const letter: DeadLetter = {
  id: 'letter-1',
  agent: 'orders',
  failure: {
    code: 'SchemaMismatch',
    message: 'lines.0.quantity must be a number',
    field: 'lines.0.quantity',
  },
  deliveryAttempts: 2,
  original: {
    data: Buffer.from('{"secret": 1').toString('base64'),
    attributes: { 'ce-type': 'orders.fulfill-order', redrive: '1' },
    messageId: '17',
    publishTime: '2026-01-01T00:00:00.000Z',
    orderingKey: 'k',
  },
};

let clock: ManualClock;
let desk: Desk;
const error = vi.fn();

beforeEach(() => {
  clock = new ManualClock();
  error.mockClear();
  desk = new Desk({ agent: deadLetters, handlers, clock, log: { ...silentLog, error } });
});

const record = () => DeadLetterRecord.parse(desk.state.get('letter-1'));

test('a dead letter is kept with its reason and its original whole', async () => {
  await desk.send('deadLetter', letter);
  expect(record()).toEqual({
    id: 'letter-1',
    agent: 'orders',
    type: 'orders.fulfill-order',
    ...letter.failure,
    original: letter.original,
    attempts: 2,
    firstSeen: '2026-01-01T00:00:00.000Z',
    lastSeen: '2026-01-01T00:00:00.000Z',
    status: 'open',
    redrives: 1,
  });
  expect(asDeadLetter(record())).toEqual(letter);
});

test('another copy of it changes only when it was last seen', async () => {
  await desk.send('deadLetter', letter);
  desk.state.set('letter-1', { ...record(), status: 'redriven', redrives: 2 });
  await clock.advance(60_000);
  await desk.send('deadLetter', { ...letter, deliveryAttempts: 5 });
  expect(record()).toMatchObject({
    firstSeen: '2026-01-01T00:00:00.000Z',
    lastSeen: '2026-01-01T00:01:00.000Z',
    status: 'redriven',
    redrives: 2,
    attempts: 5,
  });
});

test('a copy that dies of something else has both reasons kept, the newest first', async () => {
  await desk.send('deadLetter', letter);
  await clock.advance(60_000);
  const failure = { code: 'DeliveriesExhausted', message: '5 delivery attempts failed' } as const;
  await desk.send('deadLetter', { ...letter, failure });
  await desk.send('deadLetter', { ...letter, failure });
  const first = {
    code: 'SchemaMismatch',
    message: letter.failure.message,
    lastSeen: '2026-01-01T00:00:00.000Z',
  };
  expect(record()).toMatchObject({ ...failure, earlier: [first], firstSeen: first.lastSeen });
  expect(record()).not.toHaveProperty('field');
  expect(asDeadLetter(record()).failure).toEqual(failure);
});

test('a message without a type, of which nobody counted deliveries, is kept too', async () => {
  const { deliveryAttempts: _, ...bare } = letter;
  await desk.send('deadLetter', { ...bare, original: { ...letter.original, attributes: {} } });
  expect(record()).toMatchObject({ attempts: 0, redrives: 0 });
  expect(record()).not.toHaveProperty('type');
});

test('the alarm is raised, and tells nothing of the payload', async () => {
  await desk.send('deadLetter', letter);
  expect(error).toHaveBeenCalledWith(
    expect.stringContaining('orders'),
    expect.objectContaining({ alert: 'dead_letter', code: 'SchemaMismatch', deadLetter: 'letter-1' }),
  );
  expect(JSON.stringify(error.mock.calls)).not.toContain(letter.original.data);
});
