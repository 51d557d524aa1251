import type { Dispatch, DispatchResponse, Transport } from '../../../emulator/tasks/dispatch.ts';
import { TaskQueues, type TaskQueuesOptions } from '../../../emulator/tasks/task-queues.ts';
import { ManualClock } from '../../../shared/testing/manual-clock.ts';

export const LOCATION = 'projects/demo-mesh/locations/europe-west1';
export const QUEUE = `${LOCATION}/queues/timers`;

/** A worker that records what reaches it, and answers as it is told: 200 unless `answer` says otherwise. */
export class Worker {
  readonly received: { readonly atMs: number; readonly dispatch: Dispatch }[] = [];
  answer: (dispatch: Dispatch, attempt: number) => Promise<DispatchResponse> | DispatchResponse = () => ({
    status: 200,
  });
  readonly clock: ManualClock;

  constructor(clock: ManualClock) {
    this.clock = clock;
  }

  readonly transport: Transport = async (dispatch) => {
    this.received.push({ atMs: this.clock.now(), dispatch });
    return this.answer(dispatch, this.received.length);
  };

  /** Seconds after `startMs` at which requests came. */
  secondsSince(startMs: number): number[] {
    return this.received.map(({ atMs }) => (atMs - startMs) / 1000);
  }
}

export interface TaskWorld {
  readonly clock: ManualClock;
  readonly worker: Worker;
  readonly core: TaskQueues;
}

/** One queue, `QUEUE`, with the service's default settings. */
export function taskWorld(options: Partial<TaskQueuesOptions> = {}): TaskWorld {
  const clock = new ManualClock();
  const worker = new Worker(clock);
  const core = new TaskQueues({ clock, transport: worker.transport, ...options });
  core.createQueue(LOCATION, QUEUE);
  return { clock, worker, core };
}

export function post(url = 'http://127.0.0.1:9/publish') {
  return { target: { url, method: 'POST' as const, headers: {}, body: Buffer.from('{}') } };
}
