/** The schedules that are made at run time, for those who look at them from outside. */
export { occurrencesOf } from './occurrences.ts';
export { decodeSchedule, type ScheduleRecord } from './schedule-record.ts';
