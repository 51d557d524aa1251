import * as z from 'zod';
import { defineAgent } from '../../../shared/contract/define-agent.ts';
import { SCHEDULE } from '../../../shared/contract/message.ts';
import { schedulePath } from '../../../shared/contract/names.ts';
import type { ScheduleChange, SchedulePlanInput } from '../../../shared/contract/schedule-plan.ts';
import { decodeRun, defineWorkflow, type RunRecord } from '../../../shared/workflow/index.ts';
import { decodeSchedule, type ScheduleRecord } from '../../../shared/workflow/schedules/schedule-record.ts';
import { World } from './world.ts';

const Tick = z.object({ at: z.string().optional(), ms: z.number().default(0) });

const clockwork = defineAgent({
  name: 'clockwork',
  workflows: {
    chime: { input: Tick, output: z.string() },
    daily: { input: z.object({ day: z.string() }), output: z.string(), key: 'day' },
    turn: { input: Tick, output: z.string(), concurrency: { limit: 1 } },
  },
});

const chime = defineWorkflow({
  name: 'chime',
  version: 1,
  input: Tick,
  output: z.string(),
  async run(wf, { at = '', ms }) {
    if (ms > 0) await wf.sleep(`${ms}ms`);
    return `${at} ${wf.now().toISOString()}`;
  },
});
const daily = defineWorkflow({
  name: 'daily',
  version: 1,
  input: z.object({ day: z.string() }),
  output: z.string(),
  run: async (_wf, { day }) => day,
});
const turn = defineWorkflow({
  name: 'turn',
  version: 1,
  input: Tick,
  output: z.string(),
  async run(wf, { ms }) {
    await wf.sleep(`${ms}ms`);
    return wf.now().toISOString();
  },
});

/** A plan whose runs take `ms`. */
export type Planned = Partial<SchedulePlanInput> & { readonly ms?: number };

/** A mesh whose only agent has schedules; it begins on 1 January 2026, 00:00 UTC. */
export class ScheduleWorld extends World {
  constructor() {
    super(clockwork.contract, [chime, daily, turn], {});
  }

  change(change: { readonly op: ScheduleChange['op'] } & Readonly<Record<string, unknown>>): void {
    this.post({ type: SCHEDULE, data: JSON.parse(JSON.stringify({ schedule: 'bell', ...change })) });
  }

  async create({ ms = 0, ...plan }: Planned = {}): Promise<void> {
    const every = plan.cron === undefined ? { every: '10m' } : {};
    this.change({
      op: 'create',
      plan: { workflow: 'chime', input: { ms }, timeField: 'at', ...every, ...plan },
    });
    await this.deliver();
  }

  get schedule(): ScheduleRecord {
    const document = this.documents.get(schedulePath('clockwork', 'bell'));
    if (!document) throw new Error('there is no schedule');
    return decodeSchedule(document);
  }

  get runs(): RunRecord[] {
    return [...this.documents.values()]
      .filter(({ path }) => path.startsWith('workflows/') && path.split('/').length === 2)
      .map(decodeRun)
      .sort((a, b) => a.createdAt.getTime() - b.createdAt.getTime());
  }

  /** Minutes after the beginning at which the runs began. */
  get minutes(): number[] {
    return this.runs.map(({ createdAt }) => (createdAt.getTime() - BEGIN) / MINUTE);
  }

  minute(minutes: number): Promise<void> {
    return this.advanceTo(BEGIN + minutes * MINUTE);
  }
}

export const BEGIN = Date.parse('2026-01-01T00:00:00.000Z');
export const MINUTE = 60_000;
export const at = (minutes: number) => new Date(BEGIN + minutes * MINUTE).toISOString();
