import type { Mutation } from './mutation.ts';

/** Bugs of schedules that are made at run time, and of runs that are started for later. */
export const scheduleMutations: readonly Mutation[] = [
  {
    name: 'a time of a schedule is another run each time that it is asked for (I2)',
    file: 'shared/workflow/schedules/schedule-route.ts',
    find: /const nameOf = [^;]*;/,
    replace:
      'let asked = 0; const nameOf = ({ id }: ScheduleRecord, { at }: Pending) => [id, at, asked++].join();',
    workload: 'schedules',
  },
  {
    name: 'times that wait for the end of a run push each other out',
    file: 'shared/workflow/schedules/schedule-turn.ts',
    find: 'else this.waiting.push(pending);',
    replace: 'else this.waiting = [pending];',
    workload: 'schedules',
  },
  {
    name: 'a schedule is not told of the end of its run',
    file: 'shared/workflow/sends.ts',
    find: '...(run.schedule === undefined ? [] : [scheduleSend(run, run.schedule)]),',
    replace: '',
    workload: 'schedules',
  },
  {
    name: 'a time of a schedule does not see that a run goes on',
    file: 'shared/workflow/schedules/schedule-turn.ts',
    find: 'const isFree = this.running.length === 0 && this.waiting.length === 0;',
    replace: 'const isFree = this.waiting.length === 0;',
    workload: 'schedules',
  },
  {
    name: 'a run that is started for later is not looked after by a sweep (I4)',
    file: 'shared/workflow/start-route.ts',
    find: /waitingFor, wakeAt: startAt \}/,
    replace: 'waitingFor }',
    workload: 'schedules',
  },
];
