import type { Workload } from '../world/workload.ts';
import { approvalsWorkload } from './approvals.ts';
import { breaker } from './breaker.ts';
import { children } from './children.ts';
import { chores } from './chores.ts';
import { crowds } from './crowds.ts';
import { entities } from './entities.ts';
import { gather } from './gather.ts';
import { ledger } from './ledger.ts';
import { loops } from './loops.ts';
import { mapReduce } from './map-reduce.ts';
import { partners } from './partners.ts';
import { payloads } from './payloads.ts';
import { programs } from './programs.ts';
import { races } from './races.ts';
import { releases } from './releases.ts';
import { saga } from './saga.ts';
import { schedules } from './schedules.ts';
import { slots } from './slots.ts';
import { steering } from './steering.ts';
import { strikes } from './strikes.ts';
import { timers } from './timers.ts';
import { uploads } from './uploads.ts';
import { values } from './values.ts';

/** What is simulated. One more is one more line. */
export const workloads: readonly Workload[] = [
  saga,
  approvalsWorkload,
  timers,
  ledger,
  releases,
  gather,
  breaker,
  mapReduce,
  payloads,
  children,
  chores,
  entities,
  steering,
  slots,
  loops,
  crowds,
  races,
  values,
  uploads,
  schedules,
  partners,
  strikes,
  programs,
];
