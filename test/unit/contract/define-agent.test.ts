import { describe, expect, expectTypeOf, it } from 'vitest';
import * as z from 'zod';
import type {
  AgentSpec,
  SignalName,
  SignalPayload,
  UpdateInput,
  UpdateOutput,
} from '../../../shared/contract/agent.ts';
import { defineAgent } from '../../../shared/contract/define-agent.ts';

describe('defineAgent', () => {
  it('gives a reference for each command, workflow and event', () => {
    const agent = defineAgent({
      name: 'orders',
      commands: { place: { input: z.object({}) } },
      workflows: { 'fulfill-order': { input: z.object({}), output: z.object({ ok: z.boolean() }) } },
      publishes: { fulfilled: z.object({}) },
    });
    expect(agent.place).toMatchObject({ kind: 'command', agent: 'orders', type: 'orders.place' });
    expect(agent['fulfill-order']).toMatchObject({ kind: 'workflow', type: 'orders.fulfill-order' });
    expect(agent.fulfilled).toMatchObject({ kind: 'event', type: 'orders.fulfilled' });
  });

  it('gives a workflow the signals and updates that its contract declares', () => {
    const note = z.object({ text: z.string() });
    const agent = defineAgent({
      name: 'orders',
      workflows: {
        fulfill: {
          input: z.object({}),
          signals: { approve: z.object({ by: z.string().default('kim') }) },
          updates: { add: { input: note, output: z.object({ count: z.number() }) }, touch: { input: note } },
        },
        plain: { input: z.object({}) },
      },
    });
    expect(agent.fulfill.signals.approve.parse({})).toEqual({ by: 'kim' });
    expect(agent.fulfill.updates.add.input).toBe(note);
    expect(agent.plain).toMatchObject({ signals: {}, updates: {} });

    type Fulfill = typeof agent.fulfill;
    expectTypeOf<SignalName<Fulfill['signals']>>().toEqualTypeOf<'approve'>();
    expectTypeOf<SignalName<(typeof agent.plain)['signals']>>().toEqualTypeOf<string>();
    expectTypeOf<SignalPayload<Fulfill['signals'], 'approve'>>().toEqualTypeOf<{ by?: string | undefined }>();
    expectTypeOf<SignalPayload<(typeof agent.plain)['signals'], 'any'>>().toEqualTypeOf<unknown>();
    expectTypeOf<UpdateInput<Fulfill['updates'], 'add'>>().toEqualTypeOf<{ text: string }>();
    expectTypeOf<UpdateOutput<Fulfill['updates'], 'add'>>().toEqualTypeOf<{ count: number }>();
    expectTypeOf<UpdateOutput<Fulfill['updates'], 'touch'>>().toEqualTypeOf<undefined>();
  });

  const rules: [field: string, spec: Partial<AgentSpec>][] = [
    ['name', { name: 'Orders' }],
    ['name', { name: 'events' }],
    ['name', { name: 'a-dead' }],
    ['commands.Place', { commands: { Place: { input: z.object({}) } } }],
    ['commands.contract', { commands: { contract: { input: z.object({}) } } }],
    ['publishes.place', { commands: { place: { input: z.object({}) } }, publishes: { place: z.object({}) } }],
    ['subscribes.fulfilled', { subscribes: { fulfilled: { data: z.object({}) } } }],
    ['calls.0', { calls: ['Not An Agent'] }],
    ['secrets.0', { secrets: ['with space'] }],
    ['settings.0', { settings: ['lower'] }],
    ['limits.inlineBytes', { limits: { inlineBytes: 0 } }],
    ['limits.concurrency', { limits: { concurrency: 1_001 } }],
    ['limits.timeout', { limits: { timeout: '10m' } }],
    ['limits.timeout', { limits: { timeout: 'soon' as '1s' } }],
    ['retry.maxAttempts', { retry: { maxAttempts: 4 } }],
    ['retry.maxBackoff', { retry: { minBackoff: '20s', maxBackoff: '10s' } }],
    ['workflows.a.signals.No', { workflows: { a: { input: z.any(), signals: { No: z.any() } } } }],
    ['workflows.a.updates.No', { workflows: { a: { input: z.any(), updates: { No: { input: z.any() } } } } }],
    ['state.keep', { state: { schema: z.object({}), keep: '1ms' } }],
  ];
  it.each(rules)('refuses a contract that breaks a rule of %s: %j', (field, spec) => {
    expect(() => defineAgent({ name: 'orders', ...spec })).toThrow(
      expect.objectContaining({ code: 'ContractInvalid', field }),
    );
  });
});
