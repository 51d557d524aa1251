import { describe, expect, expectTypeOf, test } from 'vitest';
import * as z from 'zod';
import { defineAgent, type Jsonify, MeshError, rejected } from '../../../shared/contract/index.ts';
import { WorkflowTest } from '../../../shared/testing/index.ts';
import { ManualClock } from '../../../shared/testing/manual-clock.ts';
import type { EffectAttempt, SideEffectOptions } from '../../../shared/workflow/call-options.ts';
import { defineWorkflow, type WorkflowContext } from '../../../shared/workflow/index.ts';
import { outcomeOf } from '../../../shared/workflow/side-effects.ts';
import { sagaWorld } from './saga-world.ts';

const desk = defineAgent({
  name: 'desk',
  workflows: { look: { input: z.object({}), output: z.json() } },
  limits: { timeout: '60s' },
});
function look(run: (wf: WorkflowContext) => Promise<unknown>): WorkflowTest {
  const workflow = defineWorkflow({
    name: 'look',
    version: 1,
    input: z.object({}),
    output: z.json(),
    run: run as never,
  });
  return new WorkflowTest({ agent: desk, workflows: [workflow] });
}
/** Fails so often, then answers. */
function flaky(failures: number, error: unknown = new MeshError('ProviderFailed', 'not now')) {
  const attempts: number[] = [];
  const effect = ({ attempt }: EffectAttempt) => {
    attempts.push(attempt);
    if (attempts.length <= failures) throw error;
    return { attempts: attempts.length };
  };
  return { attempts, effect };
}
const reading = (effect: (attempt: EffectAttempt) => unknown, options: SideEffectOptions) =>
  look((wf) => wf.sideEffect('rates', effect, options));

describe('a side effect that is tried again', () => {
  test('waits for a timer between its attempts, and its result is recorded once', async () => {
    const { attempts, effect } = flaky(2);
    const mesh = reading(effect, { retry: { maxAttempts: 5, minBackoff: '10s' } });
    await mesh.start(desk.look, {});
    expect(mesh.run).toMatchObject({ status: 'running', waitingFor: ['sideEffect rates'] });
    await mesh.advance('10s');
    expect(attempts).toEqual([1, 2]);
    await mesh.advance('19s');
    expect(attempts).toEqual([1, 2]);
    await mesh.advance('1s');
    expect(attempts).toEqual([1, 2, 3]);
    expect(mesh.run).toMatchObject({ status: 'completed', output: { attempts: 3 } });
    expect(mesh.steps).toMatchObject([{ operation: 'sideEffect', attempts: 3, status: 'done' }]);
  });

  test('fails with the last failure once its attempts are used up', async () => {
    const { attempts, effect } = flaky(9);
    const mesh = reading(effect, { retry: { maxAttempts: 3, minBackoff: '10s' } });
    await mesh.start(desk.look, {});
    await mesh.advance('1h');
    expect(attempts).toEqual([1, 2, 3]);
    expect(mesh.run).toMatchObject({ status: 'failed', failure: { code: 'ProviderFailed' } });
  });

  test('is not for a refusal, nor for what the policy names', async () => {
    const refused = flaky(1, rejected('closed', 'it is closed'));
    const unless = flaky(1, new MeshError('ProviderFailed', 'x'));
    for (const { attempts, effect } of [refused, unless]) {
      const mesh = reading(effect, { retry: { maxAttempts: 3, unless: ['ProviderFailed'] } });
      await mesh.start(desk.look, {});
      await mesh.advance('1h');
      expect(attempts).toEqual([1]);
      expect(mesh.run.status).toBe('failed');
    }
  });

  test('ends with its run: a cancelled one tries nothing more', async () => {
    const { attempts, effect } = flaky(9);
    const mesh = reading(effect, { retry: { maxAttempts: 9, minBackoff: '1h' } });
    await mesh.start(desk.look, {});
    await mesh.cancel('no longer wanted');
    await mesh.advance('1d');
    expect(attempts).toEqual([1]);
    expect(mesh.run.status).toBe('cancelled');
    expect(mesh.deadLetters).toEqual([]);
  });

  test('goes on where another instance left it', async () => {
    const { attempts, effect } = flaky(2);
    const mesh = sagaWorld(async (wf) => {
      await wf.sideEffect('first', () => 1);
      return wf.sideEffect('rates', effect, { retry: { maxAttempts: 3, minBackoff: '1m' } });
    });
    mesh.warm = false;
    await mesh.settle();
    expect(attempts).toEqual([1, 2, 3]);
    expect(mesh.run('saga', 'o1')).toMatchObject({ status: 'completed', output: { attempts: 3 } });
  });
});

describe('the host of side effects', () => {
  const effectOf = (run: (attempt: EffectAttempt) => unknown, more = {}) => ({
    ...{ step: '1', name: 'rates', attempt: 1, run },
    ...more,
  });
  const retry = { maxAttempts: 4, minMs: 200, maxMs: 60_000 };

  test('waits for short backoffs by itself, and leaves long ones to a timer', async () => {
    const clock = new ManualClock();
    const { attempts, effect } = flaky(9);
    const running = outcomeOf(effectOf(effect, { retry }), { clock, waitMs: 500, limitMs: 60_000 });
    for (let step = 0; step < 20; step++) await clock.advance(100);
    // 200 ms and 400 ms; the next would be 800.
    expect(await running).toMatchObject({ step: '1', attempt: 3, failure: { code: 'ProviderFailed' } });
    expect(attempts).toEqual([1, 2, 3]);
  });

  test('ends an attempt at its timeout, and tells the function by the signal', async () => {
    const clock = new ManualClock();
    let signal: AbortSignal | undefined;
    const hangs = (attempt: EffectAttempt) => {
      signal = attempt.signal;
      return new Promise(() => {});
    };
    const running = outcomeOf(effectOf(hangs, { timeoutMs: 5_000 }), { clock, waitMs: 0, limitMs: 60_000 });
    await clock.advance(4_999);
    expect(signal?.aborted).toBe(false);
    await clock.advance(1);
    expect(await running).toMatchObject({ failure: { code: 'StepTimeout' } });
    expect(signal?.aborted).toBe(true);
    expect(clock.pending).toBe(0);
  });

  test('ends one that never answers before the message is given up on', async () => {
    const clock = new ManualClock();
    const running = outcomeOf(
      effectOf(() => new Promise(() => {})),
      { clock, waitMs: 0, limitMs: 60_000 },
    );
    await clock.advance(58_000);
    expect(await running).toMatchObject({ failure: { code: 'StepTimeout' } });
  });

  test('begins no further attempt after half the time of a delivery', async () => {
    const clock = new ManualClock();
    const slow = async () => {
      await new Promise<void>((resolve) => void clock.after(25_000, resolve));
      throw new Error('slow');
    };
    const running = outcomeOf(effectOf(slow, { retry }), { clock, waitMs: 10_000, limitMs: 60_000 });
    await clock.advance(120_000);
    expect(await running).toMatchObject({ attempt: 2 });
  });
});

test.each([['31s'], ['0ms']] as const)(
  'a timeout of %s, which no delivery has, is refused to the code',
  async (timeout) => {
    const mesh = reading(() => 1, { timeout });
    await mesh.start(desk.look, {});
    expect(mesh.run).toMatchObject({
      status: 'failed',
      failure: { code: 'ArgumentInvalid', field: 'timeout' },
    });
  },
);

test('the type of a result is that of its JSON', () => {
  type Given = { at: Date; n?: number; list: readonly [Date, 'x']; m: Map<string, number>; f: () => void };
  expectTypeOf<Jsonify<Given>>().toEqualTypeOf<{
    at: string;
    n?: number;
    list: readonly [string, 'x'];
    m: never;
    f: never;
  }>();
  expectTypeOf<Jsonify<unknown>>().toBeUnknown();
  expectTypeOf<Jsonify<URL>>().toBeString();
  expectTypeOf<Jsonify<void>>().toBeVoid();
});
