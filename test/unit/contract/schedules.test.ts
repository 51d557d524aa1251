import { Cron } from 'croner';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import type { ScheduleSpec } from '../../../shared/contract/agent.ts';
import { cronProblem } from '../../../shared/contract/cron.ts';
import { defineAgent } from '../../../shared/contract/define-agent.ts';

const define = (schedule: Partial<ScheduleSpec>, name = 'nightly') =>
  defineAgent({
    name: 'reports',
    commands: { purge: { input: z.object({ days: z.int() }) }, ping: { input: z.null() } },
    workflows: {
      daily: { input: z.object({ day: z.string() }) },
      keyed: { input: z.object({ day: z.string() }), key: 'day' },
    },
    schedules: { [name]: { cron: '5 0 * * *', message: 'daily', input: { day: 'yesterday' }, ...schedule } },
  });

describe('a schedule', () => {
  test.each<Partial<ScheduleSpec>>([
    {},
    { timeZone: 'Europe/Paris' },
    { message: 'purge', input: { days: 3 } },
    { message: 'ping', input: null },
  ])('of a command or workflow of the agent is taken: %j', (schedule) => {
    expect(Object.keys(define(schedule).contract.schedules)).toEqual(['nightly']);
  });

  test('without an input sends null', () => {
    const agent = defineAgent({
      name: 'a',
      commands: { ping: { input: z.null() } },
      schedules: { often: { cron: '* * * * *', message: 'ping' } },
    });
    expect(agent.contract.schedules.often).toEqual({ cron: '* * * * *', message: 'ping' });
  });

  test.each<[field: string, schedule: Partial<ScheduleSpec>]>([
    ['schedules.nightly.cron', { cron: '5 0 * *' }],
    ['schedules.nightly.cron', { cron: '60 0 * * *' }],
    ['schedules.nightly.cron', { cron: '0 0 30 2 *' }],
    ['schedules.nightly.timeZone', { timeZone: 'Mars/Olympus' }],
    ['schedules.nightly.timeZone', { timeZone: '+02:00' }],
    ['schedules.nightly.message', { message: 'weekly' }],
    ['schedules.nightly.message', { message: 'toString' }],
    ['schedules.nightly.message', { message: 'keyed' }],
    ['schedules.nightly.input.day', { input: { day: 7 } }],
    ['schedules.nightly.input', { input: null }],
  ])('that can not be is refused, naming %s: %j', (field, schedule) => {
    expect(() => define(schedule)).toThrow(expect.objectContaining({ code: 'ContractInvalid', field }));
  });

  test('has a name that can be part of a job’s', () => {
    expect(() => define({}, 'Every night')).toThrow(
      expect.objectContaining({ code: 'ContractInvalid', field: 'schedules.Every night' }),
    );
  });
});

describe('a cron expression', () => {
  test.each([
    '* * * * *',
    '*/5 8-18/2 1,15 JAN-mar MON-FRI',
    '0 0 29 2 *',
    '0 0 30 2 MON',
    '59 23 31 12 7',
    '0 9 * * SUN,6',
  ])('of cron’s five fields is taken: %s', (cron) => expect(cronProblem(cron)).toBeUndefined());

  test.each([
    ['', 'fields'],
    ['0 0 * * * *', 'fields'],
    ['0  0 * * *', 'fields'],
    ['@daily', 'fields'],
    ['60 * * * *', 'minute'],
    ['* 24 * * *', 'hour'],
    ['* * 0 * *', 'day of month'],
    ['* * * 13 *', 'month'],
    ['* * * * 8', 'day of week'],
    ['10-5 * * * *', 'ends before it begins'],
    ['*/0 * * * *', 'step'],
    ['5/10 * * * *', 'a step is of'],
    ['1, * * * *', 'minute'],
    ['L * * * *', 'minute'],
    ['* * L * *', 'day of month'],
    ['0 0 31 APR,6 *', 'never strikes'],
  ])('that is none is refused, saying why: %s', (cron, why) => expect(cronProblem(cron)).toContain(why));

  const field = (least: number, most: number) => {
    const number = fc.integer({ min: least, max: most });
    const range = fc.tuple(number, number).map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`);
    const step = fc
      .tuple(fc.oneof(fc.constant('*'), range), fc.integer({ min: 1, max: Math.max(1, most - least) }))
      .map(([of, by]) => `${of}/${by}`);
    const part = fc.oneof(number.map(String), range, step, fc.constant('*'));
    return fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join(','));
  };
  const cron = fc
    .tuple(field(0, 59), field(0, 23), field(1, 31), field(1, 12), field(0, 7))
    .map((fields) => fields.join(' '));

  test('that is taken is one to the scheduler, and strikes', () => {
    fc.assert(
      fc.property(cron, (text) => {
        fc.pre(cronProblem(text) === undefined);
        expect(new Cron(text, { mode: '5-part', timezone: 'Etc/UTC' }).nextRun()).not.toBeNull();
      }),
    );
  });
});
