import { describe, expect, test } from 'vitest';
import { runIdOf } from '../../../shared/contract/keys.ts';
import { CANCEL } from '../../../shared/contract/message.ts';
import type { Fields } from '../../../shared/contract/store.ts';
import { markFields } from '../../../shared/kernel/mailbox.ts';
import { MemoryStore } from '../../../shared/testing/memory-store.ts';
import { blankRun } from '../../../shared/workflow/fresh-run.ts';
import type { WorkflowContext } from '../../../shared/workflow/index.ts';
import { encodeRun } from '../../../shared/workflow/run-record.ts';
import {
  allRuns,
  cancellableRuns,
  cancelRuns,
  checkHistory,
  exportRun,
  listRuns,
  parseExportedRun,
  purgeRuns,
  readRecordedRun,
} from '../../../shared/workflow/runs/index.ts';
import { host, worker } from './agents.ts';
import { operator, portsOf } from './operator.ts';
import { saga, sagaWorld } from './saga-world.ts';

const DAY = 86_400_000;

const blank = (runId: string, now: number) =>
  blankRun(
    {
      ...{ runId, key: runId, workflow: 'saga', version: 1, agent: 'shop', correlationId: 'c' },
      ...{ inputDigest: '', waiters: [] },
    },
    now,
  );

/** Runs by their ids, each created a second after the one before, but for every second one. */
async function storeOf(runs: Readonly<Record<string, Fields>>): Promise<MemoryStore> {
  const store = new MemoryStore();
  await store.commit(
    Object.entries(runs).map(([id, fields], at) => ({
      kind: 'create' as const,
      path: `workflows/${id}`,
      fields: { ...encodeRun(blank(id, Math.floor(at / 2) * 1_000)), status: 'completed', ...fields },
    })),
  );
  return store;
}

const idsOf = (runs: readonly { readonly runId: string }[]) => runs.map(({ runId }) => runId).join('');
async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

describe('listing runs', () => {
  const runs = {
    a: {},
    b: { status: 'failed' },
    c: { agent: 'other' },
    d: { status: 'failed' },
    e: { workflow: 'other' },
    f: { status: 'failed' },
  };

  test('goes through all of them, newest first, page by page', async () => {
    const store = await storeOf(runs);
    const first = await listRuns(store, {}, { limit: 4 });
    expect(idsOf(first.runs)).toBe('fedc');
    const last = await listRuns(store, {}, { limit: 4, page: first.next ?? '' });
    expect([idsOf(last.runs), last.next]).toEqual(['ba', undefined]);
    expect(idsOf(await collect(allRuns(store, {}, 1)))).toBe('fedcba');
  });

  test.each([
    [{ status: 'failed' as const }, 'fdb'],
    [{ workflow: 'saga', status: 'completed' as const }, 'ca'],
    [{ agent: 'other' }, 'c'],
    [{ key: 'd' }, 'd'],
    [{ createdFrom: new Date(1_000), createdBefore: new Date(2_000) }, 'dc'],
  ])('finds those that fit %j', async (filter, found) => {
    expect(idsOf((await listRuns(await storeOf(runs), filter, { limit: 9 })).runs)).toBe(found);
  });

  test.each(['x', '', 'bnVsbA'])('refuses the token %j, and that of another list', async (page) => {
    const store = await storeOf(runs);
    const refused = { code: 'UsageInvalid', field: 'page' };
    await expect(listRuns(store, {}, { limit: 1, page })).rejects.toMatchObject(refused);
    const { next = '' } = await listRuns(store, {}, { limit: 1 });
    const other = listRuns(store, { status: 'failed' }, { limit: 1, page: next });
    await expect(other).rejects.toMatchObject(refused);
  });
});

describe('cancelling runs', () => {
  test('asks those that have not ended, on the topics of their agents', async () => {
    const mesh = sagaWorld(async (wf) => wf.sleep('1h'));
    mesh.start('saga', { orderId: 'o2' });
    await mesh.deliver();
    const ports = portsOf(mesh);
    const found = await collect(cancellableRuns(ports.store, { workflow: 'saga' }));
    expect(found.map(({ key }) => key).sort()).toEqual(['o1', 'o2']);
    await cancelRuns(ports, operator, found, 'closed');
    await mesh.settle();
    expect(mesh.run('saga', 'o2')).toMatchObject({
      status: 'cancelled',
      failure: { message: expect.stringContaining('closed') },
    });
    expect(await collect(cancellableRuns(ports.store, {}))).toEqual([]);
  });

  test('sends many in few requests', async () => {
    const requests: number[] = [];
    const ids = Array.from({ length: 1_200 }, (_, at) => `r${at}`);
    const store = await storeOf(Object.fromEntries(ids.map((id) => [id, { status: 'running' }])));
    const { clock, ids: uuids } = portsOf(sagaWorld(async () => null));
    const bus = {
      publish: async (
        _topic: string,
        messages: readonly { attributes: Readonly<Record<string, string>> }[],
      ) => {
        expect(messages[0]?.attributes['ce-type']).toBe(CANCEL);
        requests.push(messages.length);
      },
    };
    const found = await collect(cancellableRuns(store, {}));
    await cancelRuns({ bus, clock, ids: uuids }, operator, found);
    expect(requests).toEqual([500, 500, 200]);
  });
});

describe('purging runs', () => {
  const ended = (days: number, more: Fields = {}) => ({ endedAt: new Date(days * DAY), ...more });
  const old = async () => {
    const store = await storeOf({
      a: ended(1, { pages: 1 }),
      b: ended(2, { status: 'failed' }),
      c: ended(9),
      d: { status: 'running' },
    });
    const parts = ['workflows/a/history/0', 'workflows/a/mailbox/m', 'workflows/c/mailbox/m'];
    await store.commit(parts.map((path) => ({ kind: 'create', path, fields: {} })));
    return store;
  };
  const endedBefore = new Date(5 * DAY);

  test('deletes those that ended long enough ago, with all that belongs to them', async () => {
    const store = await old();
    expect(await purgeRuns(store, { endedBefore })).toEqual({ runs: 2, documents: 4 });
    expect([...store.documents.keys()].sort()).toEqual([
      'workflows/c',
      'workflows/c/mailbox/m',
      'workflows/d',
    ]);
    expect(await purgeRuns(store, { endedBefore })).toEqual({ runs: 0, documents: 0 });
  });

  test('leaves a run to which a late reply was left that is not folded yet, or whose drainer may be at it', async () => {
    const store = await old();
    const at = new Date(6 * DAY);
    const mark = { owner: 'o', key: 'k', until: at, batch: '', outbox: '[]' };
    await store.commit([
      { kind: 'put', path: 'workflows/a/mailbox/m', fields: { at } },
      { kind: 'patch', path: 'workflows/b', fields: markFields(mark) },
    ]);
    const before = [...store.documents.keys()];
    expect(await purgeRuns(store, { endedBefore })).toEqual({ runs: 0, documents: 0 });
    expect([...store.documents.keys()]).toEqual(before);
  });

  test('only counts on a dry run, and heeds the status', async () => {
    const store = await old();
    expect(await purgeRuns(store, { endedBefore }, { dryRun: true })).toEqual({ runs: 2, documents: 0 });
    expect(store.documents.size).toBe(7);
    expect(await purgeRuns(store, { endedBefore, status: 'failed' })).toEqual({ runs: 1, documents: 1 });
  });

  test('goes through more than a page, and leaves a run that is written meanwhile', async () => {
    const ids = Array.from({ length: 230 }, (_, at) => `r${at}`);
    const store = await storeOf(Object.fromEntries(ids.map((id, at) => [id, ended(1 + at / 100)])));
    const query = store.query.bind(store);
    store.query = async (asked) => {
      const found = await query(asked);
      if (asked.collection !== 'workflows/r7/mailbox') return found;
      const document = store.documents.get('workflows/r7');
      await store.commit([{ kind: 'put', path: 'workflows/r7', fields: document?.fields ?? {} }]);
      return found;
    };
    expect((await purgeRuns(store, { endedBefore })).runs).toBe(229);
    expect([...store.documents.keys()]).toEqual(['workflows/r7']);
  });
});

describe('an exported run', () => {
  const written = async (wf: WorkflowContext) => {
    await wf.call(worker.a, { id: 'a' });
    await wf.sleep('1s');
    return (await wf.call(worker.b, { id: 'b' })).ref;
  };
  const exported = async () => {
    const mesh = sagaWorld(written);
    await mesh.settle();
    const recorded = await readRecordedRun(portsOf(mesh).store, runIdOf('saga', 'o1'));
    return parseExportedRun(JSON.parse(JSON.stringify(exportRun(recorded))), 'o1.json');
  };
  const check = async (run: typeof written) => {
    const { history, runId, key } = await exported();
    const code = { definition: saga(run), contract: host.contract, facts: { runId, key } };
    return checkHistory(history, code);
  };

  test('matches the code that it was recorded with', async () => {
    expect(await check(written)).toBeUndefined();
  });

  test.each<[string, typeof written, object]>([
    [
      'another command',
      async (wf) => (await wf.call(worker.b, { id: 'b' })).ref,
      { step: '1', recorded: 'call worker.a', issued: 'call worker.b' },
    ],
    [
      'a command less',
      async (wf) => {
        await wf.call(worker.a, { id: 'a' });
        await wf.sleep('1s');
        return 'over';
      },
      { step: '3', recorded: 'call worker.b', issued: 'returned' },
    ],
    [
      'a command more',
      async (wf) => {
        const [{ ref }] = await Promise.all([wf.call(worker.a, { id: 'a' }), wf.sleep('1s')]);
        return ref;
      },
      { issued: 'sleep' },
    ],
  ])('shows the first difference to code that issues %s', async (_, run, difference) => {
    const mismatch = await check(run);
    expect(mismatch).toMatchObject({ code: 'NonDeterministic', ...difference });
    if (mismatch?.issued !== 'returned') expect(mismatch?.line).toMatch(/looking-after-runs\.test\.ts:\d+$/);
  });

  test('runs no side effect when it is checked', async () => {
    const mesh = sagaWorld(async (wf) => wf.sideEffect('once', () => 1));
    await mesh.settle();
    const { run, history } = await readRecordedRun(portsOf(mesh).store, runIdOf('saga', 'o1'));
    const definition = saga(async (wf) => wf.sideEffect('once', () => expect.unreachable()));
    const code = { definition, contract: host.contract, facts: run };
    expect(await checkHistory(history, code)).toBeUndefined();
  });

  test.each([
    ['null', 'format'],
    ['{"format":"agent-mesh/run/1"}', 'runId'],
    ['{"format":"agent-mesh/run/2"}', 'format'],
  ])('%s is none, and the field is named', (json, field) => {
    expect(() => parseExportedRun(JSON.parse(json), 'x.json')).toThrow(
      expect.objectContaining({ code: 'SchemaMismatch', field }),
    );
  });
});
