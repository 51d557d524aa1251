import type { Failure } from '../contract/failure.ts';
import type { Reply } from '../contract/reply.ts';
import type { Command } from './command.ts';
import type { Updated } from './entry.ts';

/**
 * The updates of a run, as its history tells: each is known once by its id, waits until the code accepts or refuses it, and is answered
 * exactly once.
 */
export class PendingUpdates {
  readonly #known = new Set<string>();
  readonly #unanswered = new Map<string, Updated>();
  readonly #accepted = new Set<string>();

  /** Takes an update. Undefined: it is known already. */
  take(event: Updated): readonly Command[] | undefined {
    if (this.#known.has(event.id)) return undefined;
    this.#known.add(event.id);
    this.#unanswered.set(event.id, event);
    return event.refused ? this.answer(event.id, { ok: false, error: event.refused }) : [];
  }

  /** Those that the code has neither accepted nor refused, in the order in which they came. */
  get waiting(): readonly Updated[] {
    return [...this.#unanswered.values()].filter(({ id }) => !this.#accepted.has(id));
  }

  accept(id: string): void {
    this.#accepted.add(id);
  }

  answer(id: string, reply: Reply): readonly Command[] {
    const update = this.#unanswered.get(id);
    if (!update) return [];
    this.#unanswered.delete(id);
    return [{ do: 'answer', id, by: update.by, reply }];
  }

  /** The run ends: whoever waits is told. `but`: those that nobody has accepted are kept for who goes on. */
  end(how: string, but?: 'waiting'): readonly Command[] {
    return [...this.#unanswered.values()]
      .filter(({ id }) => but === undefined || this.#accepted.has(id))
      .flatMap(({ id, name }) => this.answer(id, { ok: false, error: ended(name, how) }));
  }
}

function ended(name: string, how: string): Failure {
  return { code: 'RunEnded', message: `the run ${how} before it answered the update "${name}"` };
}
