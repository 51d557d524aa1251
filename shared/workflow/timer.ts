import { MeshError } from '../contract/errors.ts';
import type { Json } from '../contract/json.ts';
import type { StepTimer } from './entry.ts';

/**
 * The data of a `mesh.timer`: the timer of a step, a look at a run that is blocked, the deadline of a run, a look after the payloads of a
 * long one, or the go-ahead for one that has not begun.
 */
export type Timer =
  | {
      readonly timer: StepTimer;
      readonly step: string;
      /** The attempt that a `retry` follows; else 0. */
      readonly attempt: number;
    }
  | { readonly timer: 'recheck'; readonly recheck: number }
  /** Milliseconds since the epoch: a run that was begun anew has another. */
  | { readonly timer: 'deadline'; readonly at: number }
  /** Milliseconds since the epoch: the payloads that a long run refers to are to be kept for longer. */
  | { readonly timer: 'renew'; readonly at: number }
  | { readonly timer: 'begin' }
  /** It should have been heard of: what it waits for may be lost. */
  | { readonly timer: 'sweep' };

/** Reads the data of a `mesh.timer`. Throws `SchemaMismatch` naming the field. */
export function timerOf(data: Json): Timer {
  const fields = typeof data === 'object' && data !== null && !Array.isArray(data) ? data : {};
  const { timer, step, attempt, recheck, at } = fields;
  const wrong = (field: string) =>
    new MeshError('SchemaMismatch', `the timer: ${field}: does not fit its schema`, { field });
  if (timer === 'recheck') {
    if (typeof recheck !== 'number') throw wrong('recheck');
    return { timer, recheck };
  }
  if (timer === 'deadline' || timer === 'renew') {
    if (typeof at !== 'number') throw wrong('at');
    return { timer, at };
  }
  if (timer === 'begin' || timer === 'sweep') return { timer };
  if (timer !== 'sleep' && timer !== 'timeout' && timer !== 'retry') throw wrong('timer');
  if (typeof step !== 'string') throw wrong('step');
  if (typeof attempt !== 'number') throw wrong('attempt');
  return { timer, step, attempt };
}
