import type { WireMessage } from './message.ts';

/** Messages that are published later, as a port. Implementations: Cloud Tasks, whose target is the publish API itself. */
export interface Timers {
  /**
   * Publishes `message` to `topic` at `at`, or soon after. `name` makes it idempotent: a second timer of the same name, within
   * the service's memory of names (about an hour), is the same timer. A time beyond the service's horizon is cut to it: the
   * message carries `notbefore`, and whoever receives it early defers it again.
   *
   * @throws MeshError `TimersUnavailable`
   */
  schedule(timer: {
    readonly name: string;
    readonly topic: string;
    readonly message: WireMessage;
    readonly at: Date;
  }): Promise<void>;
}
