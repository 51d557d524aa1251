import { randomUUID } from 'node:crypto';
import { StatusError } from '../../wire/status.ts';
import { fromProtoTime, type ProtoTime, toProtoTime } from '../../wire/time.ts';
import type { FirestoreStore } from '../store.ts';
import type { Backups } from './backups.ts';
import { existing } from './names.ts';

interface ScheduleMessage {
  readonly name?: string;
  readonly retention?: ProtoTime;
  readonly dailyRecurrence?: object;
  readonly weeklyRecurrence?: { readonly day?: string };
}

interface Schedule {
  readonly message: ScheduleMessage & { readonly name: string };
  readonly created: number;
  readonly updated: number;
  readonly cancel: () => void;
}

const DAY_MS = 24 * 3600_000;
/** https://cloud.google.com/firestore/docs/backups#schedule-backups */
const LONGEST_RETENTION_MS = 14 * 7 * DAY_MS;

/** Schedules of backups, which are taken by the clock: a day, or a week, after the schedule was made, and so on. */
export function scheduleMethods(store: FirestoreStore, backups: Backups) {
  const schedules = new Map<string, Schedule>();

  const find = (name = ''): Schedule => {
    const found = schedules.get(name);
    if (!found) throw new StatusError('NOT_FOUND', `Backup schedule "${name}" not found.`);
    return found;
  };
  const start = (name: string, database: string, everyMs: number): (() => void) => {
    let cancel = () => {};
    const next = () => {
      cancel = store.clock.after(everyMs, () => {
        const { message } = find(name);
        const held = store.find(database);
        if (held) backups.take(held, 'nam5', fromProtoTime(message.retention ?? {}));
        next();
      });
    };
    next();
    return () => cancel();
  };

  return {
    CreateBackupSchedule(request: { readonly parent?: string; readonly backupSchedule?: ScheduleMessage }) {
      const { parent = '', backupSchedule = {} } = request;
      const database = existing(store, parent);
      const { retention, dailyRecurrence, weeklyRecurrence } = backupSchedule;
      if ((dailyRecurrence === undefined) === (weeklyRecurrence === undefined))
        throw invalid('A backup schedule must have either daily_recurrence or weekly_recurrence.');
      const name = `${parent}/backupSchedules/${randomUUID()}`;
      const recurrence = weeklyRecurrence ? { weeklyRecurrence } : { dailyRecurrence: {} };
      const now = store.clock.now();
      schedules.set(name, {
        message: { name, retention: checkRetention(retention), ...recurrence },
        created: now,
        updated: now,
        cancel: start(name, database.name, weeklyRecurrence ? 7 * DAY_MS : DAY_MS),
      });
      return writeSchedule(find(name));
    },

    GetBackupSchedule({ name }: { readonly name?: string }) {
      return writeSchedule(find(name));
    },

    ListBackupSchedules({ parent = '' }: { readonly parent?: string }) {
      existing(store, parent);
      const mine = [...schedules.values()].filter(({ message }) => message.name.startsWith(`${parent}/`));
      return { backupSchedules: mine.map(writeSchedule) };
    },

    /** The retention is all that can be changed. */
    UpdateBackupSchedule({ backupSchedule = {} }: { readonly backupSchedule?: ScheduleMessage }) {
      const found = find(backupSchedule.name);
      const message = { ...found.message, retention: checkRetention(backupSchedule.retention) };
      schedules.set(message.name, { ...found, message, updated: store.clock.now() });
      return writeSchedule(find(message.name));
    },

    DeleteBackupSchedule({ name }: { readonly name?: string }) {
      const { message, cancel } = find(name);
      cancel();
      schedules.delete(message.name);
      return {};
    },
  };
}

function checkRetention(retention: ProtoTime = {}): ProtoTime {
  const ms = fromProtoTime(retention);
  if (!(ms > 0 && ms <= LONGEST_RETENTION_MS))
    throw invalid('The retention of a backup schedule must be more than zero and at most 14 weeks.');
  return retention;
}

function writeSchedule({ message, created, updated }: Schedule) {
  return { ...message, createTime: toProtoTime(created), updateTime: toProtoTime(updated) };
}

function invalid(message: string): StatusError {
  return new StatusError('INVALID_ARGUMENT', message);
}
