import { Writable } from 'node:stream';
import { describe, expect, test, vi } from 'vitest';
import { createLog, type LoggingOptions } from '../../../shared/gcp/logging.ts';
import { Redactor } from '../../../shared/gcp/redaction.ts';
import { ManualClock } from '../../../shared/testing/manual-clock.ts';
import { eventually } from '../../support/eventually.ts';

function logTo(lines: string[], options: Partial<LoggingOptions> = {}) {
  const clock = new ManualClock();
  const out = new Writable({
    write(chunk, _encoding, done) {
      lines.push(...String(chunk).trimEnd().split('\n'));
      done();
    },
  });
  const redactor = new Redactor();
  const log = createLog({
    project: 'demo-mesh',
    labels: { agent: 'payments', mesh: 'mesh' },
    redactor,
    clock,
    onGoogleCloud: false,
    out,
    ...options,
  });
  return { log, clock, redactor, entries: () => lines.map((line) => JSON.parse(line)) };
}

const span = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', traceSampled: true };

describe('an entry', () => {
  test('is one line of JSON as Cloud Logging reads it', () => {
    const { log, entries } = logTo([]);
    log.child(span).child({ messageId: '7' }).warn('failed, to be tried again', { code: 'BusUnavailable' });
    expect(entries()).toEqual([
      {
        severity: 'WARNING',
        message: 'failed, to be tried again',
        time: '2026-01-01T00:00:00.000Z',
        'logging.googleapis.com/labels': { agent: 'payments', mesh: 'mesh' },
        'logging.googleapis.com/trace': `projects/demo-mesh/traces/${span.traceId}`,
        'logging.googleapis.com/spanId': span.spanId,
        'logging.googleapis.com/trace_sampled': true,
        metadata: { messageId: '7', code: 'BusUnavailable' },
      },
    ]);
  });

  test('of an error carries its stack for Error Reporting', () => {
    const { log, entries } = logTo([]);
    log.error('dead letter', { error: new TypeError('x is not a function') });
    const [entry] = entries();
    expect(entry).toMatchObject({
      severity: 'ERROR',
      metadata: { error: { name: 'TypeError', message: 'x is not a function' } },
    });
    expect(entry.message).toMatch(/^dead letter TypeError: x is not a function\n {4}at /);
  });

  test('holds no secret, by name or by value, not even in a stack', () => {
    const lines: string[] = [];
    const { log, redactor } = logTo(lines);
    redactor.learn('sk_live_42');
    log.error('called with sk_live_42', { apiKey: 'another', error: new Error('sk_live_42 was refused') });
    expect(lines.join()).not.toMatch(/sk_live_42|another/);
  });

  test('can have no field that stands in for its own parts', () => {
    const { log, entries } = logTo([]);
    log.info('true message', { message: 'other', level: 'error', timestamp: 'x' });
    expect(entries()).toMatchObject([
      { severity: 'INFO', message: 'true message', metadata: { message_: 'other', level_: 'error' } },
    ]);
  });
});

test.each([
  [undefined, ['info', 'warn', 'error']],
  ['debug', ['debug', 'info', 'warn', 'error']],
  ['WARNING', ['warn', 'error']],
  ['error', ['error']],
  ['silent', []],
  ['nonsense', ['info', 'warn', 'error']],
])('with the level %s is written: %j', (level, written) => {
  const { log, entries } = logTo([], { level });
  for (const name of ['debug', 'info', 'warn', 'error'] as const) log[name](name);
  expect(entries().map(({ message }) => message)).toEqual(written);
});

test("on Google Cloud, Google's transport takes over, and writes the same", async () => {
  const lines: string[] = [];
  const google: string[] = [];
  const stdout = vi
    .spyOn(process.stdout, 'write')
    .mockImplementation((text) => google.push(String(text)) > 0);
  try {
    const { log, clock, entries } = logTo(lines, { onGoogleCloud: true });
    const write = () => log.child(span).error('failed', { n: 1, error: new Error('why') });
    write();
    expect(lines).toHaveLength(1);
    await clock.advance(2_000);
    const found = await eventually(() => {
      write();
      const entry = google.map((line) => JSON.parse(line)).find(({ message }) => message);
      expect(entry).toBeDefined();
      return entry;
    });
    const { time, message, metadata, ...ours } = entries()[0];
    const {
      timestamp,
      logName,
      'logging.googleapis.com/insertId': insertId,
      message: theirMessage,
      metadata: theirMetadata,
      ...theirs
    } = found;
    expect(theirs).toEqual(ours);
    expect([logName, insertId]).toEqual([
      expect.stringMatching(/^projects\/demo-mesh\//),
      expect.any(String),
    ]);
    expect(theirMessage).toMatch(/^failed Error: why\n/);
    expect(Object.keys(theirMetadata).sort()).toEqual(Object.keys(metadata).sort());
    expect(message).toMatch(/^failed Error: why\n/);
    expect(new Date(timestamp.seconds * 1_000).getUTCFullYear()).toBe(new Date(time).getUTCFullYear());
    const before = lines.length;
    write();
    expect(lines).toHaveLength(before);
  } finally {
    stdout.mockRestore();
  }
});
