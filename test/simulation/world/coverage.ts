import type { Change, Observer } from './observer.ts';

/** Which states the world has been in, by signature: what stands in a run's document, and how each kind of message ended. */
export class Coverage implements Observer {
  readonly states = new Set<string>();

  saw(state: string): void {
    this.states.add(state);
  }

  committed(changes: readonly Change[]): void {
    for (const { path, after } of changes) {
      if (!after || !path.startsWith('workflows/') || path.split('/').length > 2) continue;
      const { workflow, version, status, steps, waitingFor } = after.fields;
      this.states.add(JSON.stringify([workflow, version, status, steps, waitingFor]));
    }
  }
}
