import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { MeshError } from '../../../shared/contract/errors.ts';
import { runIdOf } from '../../../shared/contract/keys.ts';
import { stage } from '../../../shared/workflow/index.ts';
import { deskWorld, numbers, scribe, wrote } from './map-reduce-world.ts';
import { done, fails } from './world.ts';

const RUN = runIdOf('job', 'k');
const MOST_SHARDS = 6;

interface Rules {
  readonly items: number;
  readonly shardSize: number;
  readonly concurrency: number;
  /** In seconds. */
  readonly timeout: number | undefined;
  readonly failures: number;
}
interface Answer {
  readonly after: number;
  readonly shard: number;
  readonly ok: boolean;
}

/** The rules of `wf.mapReduce` for items that are given, a second time: what is mapped when, and what the code is told. */
class Model {
  readonly sent: string[] = [];
  outcome: string | undefined;
  readonly #rules: Rules;
  readonly #shards: { status: 'unstarted' | 'open' | 'done' | 'failed'; timeoutAt: number }[];
  #now = 0;

  constructor(rules: Rules) {
    this.#rules = rules;
    const count = Math.ceil(rules.items / rules.shardSize);
    this.#shards = Array.from({ length: count }, () => ({ status: 'unstarted', timeoutAt: Infinity }));
    this.#goOn();
  }

  passTime(seconds: number): void {
    const end = this.#now + seconds;
    for (;;) {
      const open = this.#shards.filter(({ status }) => status === 'open');
      const due = Math.min(...open.map(({ timeoutAt }) => timeoutAt));
      if (this.outcome !== undefined || due > end) break;
      this.#now = due;
      for (const shard of open) if (shard.timeoutAt <= due) shard.status = 'failed';
      this.#goOn();
    }
    this.#now = end;
  }

  dispatched(shard: number): boolean {
    return (this.#shards[shard]?.status ?? 'unstarted') !== 'unstarted';
  }

  answer(position: number, ok: boolean): void {
    const shard = this.#shards[position];
    if (shard?.status === 'open') shard.status = ok ? 'done' : 'failed';
    this.#goOn();
  }

  #goOn(): void {
    if (this.outcome !== undefined) return;
    const { items, shardSize, concurrency, timeout = Infinity, failures } = this.#rules;
    const failed = this.#shards.flatMap(({ status }, at) => (status === 'failed' ? [at * shardSize] : []));
    if (failed.length > failures) {
      this.outcome = 'tolerance-exceeded';
      return;
    }
    for (const [at, shard] of this.#shards.entries()) {
      if (shard.status !== 'unstarted') continue;
      if (this.#shards.filter(({ status }) => status === 'open').length >= concurrency) return;
      Object.assign(shard, { status: 'open', timeoutAt: this.#now + timeout });
      this.sent.push(`${this.#now} map ${at}`);
    }
    if (this.#shards.some(({ status }) => status === 'open')) return;
    const mapped = this.#shards.flatMap(({ status }, at) =>
      status === 'done' ? [wrote(numbers(items).slice(at * shardSize, (at + 1) * shardSize))] : [],
    );
    this.outcome = JSON.stringify({ text: mapped.length > 0 ? mapped.join('+') : undefined, failed });
  }
}

async function play(rules: Rules, answers: readonly Answer[], warm: boolean): Promise<string> {
  const { items, shardSize, concurrency, timeout, failures } = rules;
  const sent: string[] = [];
  let outcome: string | undefined;
  const mesh = deskWorld(
    async (wf) => {
      try {
        const { result, failed } = await wf.mapReduce({
          items: numbers(items),
          map: stage(scribe.write),
          reduce: stage(scribe.join, { between: '+' }),
          ...{ shardSize, concurrency, fanIn: 2, tolerate: { failures } },
          ...(timeout !== undefined && { timeout: `${timeout}s` }),
        });
        outcome = JSON.stringify({ text: result?.text, failed: failed.map(({ from }) => from) });
      } catch (error) {
        outcome = error instanceof MeshError ? error.reason : String(error);
      }
    },
    {},
    {
      'scribe.write': (input: { items: number[] }) => {
        sent.push(`${(mesh.now - began) / 1_000} map ${(input.items[0] ?? 0) / shardSize}`);
        return undefined;
      },
    },
  );
  mesh.warm = warm;
  const began = mesh.now;
  const model = new Model(rules);
  const same = () => expect({ sent, outcome }).toEqual({ sent: model.sent, outcome: model.outcome });
  await mesh.deliver();
  same();
  let now = 0;
  for (const { after, shard, ok } of answers) {
    now += after;
    await mesh.advanceTo(began + now * 1_000);
    model.passTime(after);
    if (model.dispatched(shard)) {
      const part = numbers(items).slice(shard * shardSize, (shard + 1) * shardSize);
      const reply = ok ? done({ text: wrote(part) }) : fails('HandlerFailed');
      if (reply) mesh.reply(RUN, `1/${shard}.1`, reply);
      model.answer(shard, ok);
      await mesh.deliver();
    }
    same();
  }
  expect(mesh.deadLetters).toEqual([]);
  if (model.outcome === undefined) return 'open';
  return model.outcome.startsWith('{') ? 'mapped' : model.outcome;
}

test('a map-reduce comes to what its rules say, whatever comes in time, late, twice or never', async () => {
  const seen = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(
      fc.record<Rules>({
        items: fc.nat(2 * MOST_SHARDS),
        shardSize: fc.constant(2),
        concurrency: fc.integer({ min: 1, max: 4 }),
        timeout: fc.option(fc.constantFrom(2, 3), { nil: undefined }),
        failures: fc.nat(MOST_SHARDS),
      }),
      fc.array(
        fc.record<Answer>({
          after: fc.constantFrom(0, 0, 1, 2),
          shard: fc.nat(MOST_SHARDS - 1),
          ok: fc.boolean(),
        }),
        { maxLength: 25 },
      ),
      fc.boolean(),
      async (rules, answers, warm) => {
        const came = await play(rules, answers, warm);
        seen.set(came, (seen.get(came) ?? 0) + 1);
      },
    ),
    { numRuns: 800 },
  );
  for (const end of ['mapped', 'tolerance-exceeded', 'open'])
    expect(seen.get(end) ?? 0, end).toBeGreaterThan(10);
});
