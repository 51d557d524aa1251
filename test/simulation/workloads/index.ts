import type { Workload } from '../world/workload.ts';
import { saga } from './saga.ts';

/** What is simulated. One more is one more line. */
export const workloads: readonly Workload[] = [saga];
