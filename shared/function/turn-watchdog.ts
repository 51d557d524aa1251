import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SHARE_ENV, Worker } from 'node:worker_threads';
import type { TurnWatch } from '../workflow/turn-watch.ts';
import { type WatchdogData, watchdogThread } from './watchdog-thread.ts';

export type WatchdogOptions = Pick<WatchdogData, 'documents' | 'agent' | 'build'> & {
  /** How long a turn may compute, in milliseconds of processor time. */
  readonly turnMs: number;
};

const LONGEST_NAME = 1_024;
const LOOKS = 10;
/** A turn that computes nothing, such as one that waits in a synchronous call, may take so many times as long. */
const PATIENCE = 6;

const ENGINE =
  typeof import.meta.url === 'string'
    ? dirname(dirname(dirname(fileURLToPath(import.meta.url)))).concat('/shared/')
    : '';

/**
 * Watches the turns of an instance from a thread of its own, which begins with the first turn: an instance that runs no workflow code
 * has none.
 */
export class TurnWatchdog implements TurnWatch {
  readonly #options: WatchdogOptions;
  readonly #turn = new Int32Array(new SharedArrayBuffer(8));
  readonly #name = Buffer.from(new SharedArrayBuffer(LONGEST_NAME));
  readonly #waiting: (() => void)[] = [];
  #worker: Worker | undefined;
  #busy = false;

  constructor(options: WatchdogOptions) {
    this.#options = options;
  }

  enter(runId: string): undefined | Promise<void> {
    this.#worker ??= this.#start();
    if (!this.#busy) return this.#begin(runId);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push(() => {
      this.#begin(runId);
      resolve();
    });
    return promise;
  }

  leave(): void {
    this.#busy = false;
    Atomics.add(this.#turn, 0, 1);
    this.#waiting.shift()?.();
  }

  /** Ends the thread. */
  async close(): Promise<void> {
    await this.#worker?.terminate();
  }

  #begin(runId: string): undefined {
    this.#busy = true;
    Atomics.store(this.#turn, 1, this.#name.write(runId));
    Atomics.add(this.#turn, 0, 1);
  }

  #start(): Worker {
    const { documents, agent, build, turnMs } = this.#options;
    const budget = { lookMs: turnMs / LOOKS, computedMs: turnMs, mostLooks: LOOKS * PATIENCE };
    const workerData: WatchdogData = {
      ...{ turn: this.#turn, name: this.#name, budget, documents, agent, build },
      engine: ENGINE,
    };
    const source = `(${watchdogThread.toString()})()`;
    const worker = new Worker(source, { eval: true, workerData, env: SHARE_ENV, execArgv: [] });
    // Without it turns are not watched; they go on all the same.
    worker.on('error', () => {});
    worker.unref();
    return worker;
  }
}
