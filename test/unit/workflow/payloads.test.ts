import { expect, test } from 'vitest';
import * as z from 'zod';
import { inPlaceOf, toBlob } from '../../../shared/contract/claim-check.ts';
import { defineAgent } from '../../../shared/contract/define-agent.ts';
import { silentLog } from '../../../shared/contract/log.ts';
import { defineWorkflow } from '../../../shared/workflow/definition.ts';
import type { Entry } from '../../../shared/workflow/entry.ts';
import { Execution } from '../../../shared/workflow/execution.ts';
import { Payloads } from '../../../shared/workflow/payloads.ts';

const STEPS = 60;
const BYTES = 1_000_000;

const scans = defineAgent({
  name: 'scans',
  commands: {
    scan: { input: z.object({ page: z.number() }), output: z.string(), claimCheckBytes: 2_000_000 },
  },
});
const library = defineAgent({
  name: 'library',
  calls: ['scans'],
  workflows: { digitise: { input: z.object({}) } },
  limits: { claimCheckBytes: 2_000_000 },
});
const digitise = defineWorkflow({
  name: 'digitise',
  version: 1,
  input: z.object({}),
  async run(wf) {
    for (let page = 0; page < STEPS; page++) {
      const { length } = await wf.call(scans.scan, { page });
      if (length !== BYTES) throw new Error(`page ${page} has ${length}`);
    }
    await wf.signal('more', { schema: z.null() });
  },
});

test('a replay has at hand what the code is given next, not the payloads of the whole run', async () => {
  const pages = Array.from({ length: STEPS }, (_, page) => toBlob(String(page).padEnd(BYTES, '.')));
  const stored = new Map(pages.map(({ check, json }) => [check.sha256, json]));
  const history: Entry[] = [{ e: 'started', at: 1, input: {}, seed: 's' }];
  for (const [page, { check }] of pages.entries()) {
    const id = String(page + 1);
    history.push(
      { e: 'step', op: 'call', id, name: 'scans.scan', agent: 'scans', input: { page } },
      { e: 'replied', at: page + 2, step: id, attempt: 1, reply: { ok: true, output: inPlaceOf(check) } },
    );
  }
  history.push({ e: 'step', op: 'signal', id: String(STEPS + 1), name: 'more' });
  const payloads = new Payloads();
  let reads = 0;
  let most = 0;
  payloads.findBy(async (checks) => {
    reads += 1;
    const found = new Map(checks.map(({ sha256 }) => [sha256, stored.get(sha256) ?? new Uint8Array()]));
    most = Math.max(most, payloads.bytes + checks.reduce((sum, { bytes }) => sum + bytes, 0));
    return found;
  });
  const facts = { runId: 'r', key: 'k' };
  const code = { definition: digitise, contract: library.contract, facts, log: silentLog };
  const execution = new Execution(history, code, payloads);
  await execution.replay();
  expect([...execution.ledger.open.keys()]).toEqual([String(STEPS + 1)]);
  expect(most).toBeLessThan(10 * BYTES);
  expect(reads).toBeLessThan(STEPS / 5);
  expect(payloads.bytes).toBe(0);
});
