import { expect, test } from 'vitest';
import { watchRuns } from '../../../cli/local/run-watch.ts';
import { findRun } from '../../../shared/client/run-lookup.ts';
import { ManualClock } from '../../../shared/testing/manual-clock.ts';
import { MemoryStore } from '../../../shared/testing/memory-store.ts';
import { blankRun } from '../../../shared/workflow/fresh-run.ts';
import { encodeRun } from '../../../shared/workflow/run-record.ts';

const ids = ['a', 'b'].map((letter) => letter.repeat(32)) as [string, string];

const facts = {
  ...{ workflow: 'w', version: 1, agent: 'orders', correlationId: 'c' },
  ...{ inputDigest: '', waiters: [] },
};

function world() {
  const clock = new ManualClock();
  const store = new MemoryStore();
  const put = (runId: string, status: string, key = `key of ${runId[0]}`, rerunOf?: string) =>
    store.commit([
      {
        kind: 'put',
        path: `workflows/${runId}`,
        fields: {
          ...encodeRun(blankRun({ ...facts, runId, key }, clock.now())),
          status,
          ...(status === 'completed' && { endedAt: new Date(clock.now()) }),
          waitingFor: status === 'running' ? ['call payments.charge'] : [],
          ...(rerunOf && { rerunOf: { runId: rerunOf } }),
        },
      },
    ]);
  return { clock, store, put };
}

test('watching runs ends when all have ended, and tells of each on the way', async () => {
  const { clock, store, put } = world();
  const seen = new Set<number>();
  const watching = watchRuns({ store, clock }, new Set(ids), {
    timeoutMs: 60_000,
    signal: new AbortController().signal,
    onLook: ({ size }) => {
      seen.add(size);
    },
  });
  for (const id of ids) {
    await clock.advance(500);
    await put(id, 'completed');
  }
  await clock.advance(500);
  expect([...(await watching).keys()]).toEqual(ids);
  expect([...seen]).toEqual([0, 1, 2]);
});

test('watching runs that do not end names them, and stops when it is told to', async () => {
  const { clock, store, put } = world();
  await put(ids[0], 'running');
  await put(ids[1], 'completed');
  const options = { timeoutMs: 5_000, signal: new AbortController().signal };
  const watching = expect(watchRuns({ store, clock }, new Set(ids), options)).rejects.toMatchObject({
    code: 'Timeout',
    message: expect.stringContaining(
      '1 of 2 runs have not ended: key of a running, waiting for call payments.charge',
    ),
  });
  await clock.advance(6_000);
  await watching;

  const stop = new AbortController();
  const stopped = watchRuns({ store, clock }, new Set(ids), { ...options, signal: stop.signal });
  const rejection = expect(stopped).rejects.toThrow('enough');
  stop.abort(new Error('enough'));
  await rejection;
});

test('a run is found by its id or its key; a key of several asks for an id', async () => {
  const { store, put } = world();
  await put(ids[0], 'running', 'order-1');
  expect((await findRun(store, ids[0])).key).toBe('order-1');
  expect((await findRun(store, 'order-1')).runId).toBe(ids[0]);
  await put(ids[1], 'running', 'order-1');
  await expect(findRun(store, 'order-1')).rejects.toMatchObject({ code: 'UsageInvalid' });
});

test('of a run and its reruns, the key means the newest', async () => {
  const { clock, store, put } = world();
  await put(ids[0], 'failed', 'order-1');
  await clock.advance(1_000);
  await put(ids[1], 'running', 'order-1', ids[0]);
  expect((await findRun(store, 'order-1')).runId).toBe(ids[1]);
});
