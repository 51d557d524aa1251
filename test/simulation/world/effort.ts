import { AsyncLocalStorage } from 'node:async_hooks';

/** What one delivery cost: calls of each port. */
export type Effort = Map<string, number>;

const current = new AsyncLocalStorage<Effort>();

/** Counts the calls that follow from `work`, wherever they are made. */
export function withEffort<Result>(effort: Effort, work: () => Result): Result {
  return current.run(effort, work);
}

export function countCall(name: string): void {
  const effort = current.getStore();
  if (effort) effort.set(name, (effort.get(name) ?? 0) + 1);
}
