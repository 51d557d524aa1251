import { expect, test } from 'vitest';
import { silentLog } from '../../../shared/contract/log.ts';
import { type AdvanceRequest, advance, type Entry, type RunEvent } from '../../../shared/workflow/index.ts';
import { host, worker } from './agents.ts';
import { saga } from './saga-world.ts';

const definition = saga(async (wf) => {
  const [a] = await Promise.all([wf.call(worker.a, { id: 'a' }), wf.sleep('1s')]);
  const count = await wf.sideEffect('count', () => 1);
  return { ref: a.ref, count, uuid: wf.uuid(), at: wf.now().getTime() };
});
const facts = { runId: 'r', key: 'k' };
const code: AdvanceRequest['code'] = { definition, contract: host.contract, facts, log: silentLog };
const events: RunEvent[] = [
  { e: 'started', at: 1_000, input: { orderId: 'k' }, seed: 's' },
  { e: 'fired', at: 2_000, step: '2', timer: 'sleep', attempt: 0 },
  { e: 'replied', at: 3_000, step: '1', attempt: 1, reply: { ok: true, output: { ref: 'r' } } },
  { e: 'ran', at: 3_500, step: '3', value: 1 },
];

test('what is to be sent comes with the history that causes it', async () => {
  const { appended, commands, status } = await advance({ code, history: [], events: events.slice(0, 1) });
  expect(appended.map((entry) => ('op' in entry ? entry.op : entry.e))).toEqual(['started', 'call', 'sleep']);
  expect(commands).toMatchObject([
    { do: 'call', agent: 'worker', type: 'worker.a', step: '1', attempt: 1, data: { id: 'a' } },
    { do: 'timer', step: '2', at: 2_000 },
  ]);
  expect(status).toBe('running');
});

test('going on from a live execution comes to the same history as replaying before each event', async () => {
  const replayed: Entry[] = [];
  for (const event of events) {
    replayed.push(...(await advance({ code, history: [...replayed], events: [event] })).appended);
  }
  const lived: Entry[] = [];
  let live: AdvanceRequest['live'];
  for (const event of events) {
    const advanced = await advance({ code, history: [], events: [event], ...(live && { live }) });
    live = advanced.live;
    lived.push(...advanced.appended);
  }
  expect(lived).toEqual(replayed);
  expect(lived.at(-2)).toMatchObject({ e: 'returned', output: { ref: 'r', count: 1, at: 3_500 } });
});

test('a side effect is handed out once, and not on replay', async () => {
  const first = await advance({ code, history: [], events: events.slice(0, 3) });
  expect(first.effects.map(({ step }) => step)).toEqual(['3']);
  const again = await advance({ code, history: first.appended, events: events.slice(3) });
  expect(again.effects).toEqual([]);
  expect(again.status).toBe('completed');
});
