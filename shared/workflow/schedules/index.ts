/** The schedules that are made at run time, for those who look at them from outside. */
export { occurrencesOf } from './occurrences.ts';
export { planProblem } from './plan-rules.ts';
export { decodeSchedule, type ScheduleRecord } from './schedule-record.ts';
