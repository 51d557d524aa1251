import type { Clock } from '../../shared/contract/clock.ts';
import { type DispatchResponse, dispatchOf, type Transport } from './dispatch.ts';
import { type Outcome, outcomeOfResponse, outcomeWithoutResponse } from './outcome.ts';
import type { TokenSigner } from './signer.ts';
import type { Task } from './task.ts';

export interface CourierWorld {
  readonly clock: Clock;
  readonly transport: Transport;
  readonly signer: TokenSigner;
}

/** Sends single attempts and says how they ended. Never rejects. */
export class Courier {
  readonly #world: CourierWorld;
  readonly #underWay = new Set<AbortController>();

  constructor(world: CourierWorld) {
    this.#world = world;
  }

  /** Ends with the worker's response, or without one when the task's dispatch deadline passes. */
  async send(task: Task): Promise<Outcome> {
    const { clock } = this.#world;
    const abort = new AbortController();
    const cancel = clock.after(task.dispatchDeadlineMs, () => abort.abort());
    const late = new Promise<Outcome>((resolve) => {
      const reason = `no response within ${task.dispatchDeadlineMs / 1000}s`;
      const outcome = outcomeWithoutResponse('DEADLINE_EXCEEDED', reason);
      abort.signal.addEventListener('abort', () => resolve(outcome), { once: true });
    });
    const answered = this.#dispatch(task, abort.signal).then(outcomeOfResponse, (error) =>
      outcomeWithoutResponse('UNAVAILABLE', error instanceof Error ? error.message : String(error)),
    );
    this.#underWay.add(abort);
    try {
      // The race, not the transport, keeps the deadline: a transport need not heed its signal.
      return await Promise.race([answered, late]);
    } finally {
      cancel();
      this.#underWay.delete(abort);
    }
  }

  async #dispatch(task: Task, signal: AbortSignal): Promise<DispatchResponse> {
    const { transport, signer } = this.#world;
    const { authorization } = task.target;
    // Awaited only where there is one: without, the request leaves at once.
    const token = authorization && (await signer(authorization));
    return transport(dispatchOf(task, token, signal));
  }

  /** Lets go of everything under way. */
  close(): void {
    for (const abort of this.#underWay) abort.abort();
  }
}
