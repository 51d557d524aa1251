import type { Contract } from '../../../shared/contract/agent.ts';
import type { Deployment } from '../../../shared/contract/deployment.ts';
import type { Delivery, WireMessage } from '../../../shared/contract/message.ts';
import type { StoredDocument } from '../../../shared/contract/store.ts';
import type { Outcome } from '../../../shared/kernel/outcome.ts';
import type { Topology } from '../../../shared/topology.ts';
import type { Effort } from './effort.ts';

/** A document that a commit changed. */
export interface Change {
  readonly path: string;
  readonly before: StoredDocument | undefined;
  readonly after: StoredDocument | undefined;
}

/** What an observer may look at, whenever it is told of something. */
export interface Scene {
  readonly topology: Topology;
  /** The documents as they are committed now. */
  readonly documents: ReadonlyMap<string, StoredDocument>;
  now(): number;
  /** Whether the clock of any instance has jumped: then leases may end early. */
  readonly jumped: boolean;
}

/** One who watches a world from outside, where nothing is hidden by a crash, and says what must not be. */
export interface Observer {
  committed?(changes: readonly Change[]): void;
  /** An agent's request reached the service: a publish, or a timer to be armed. */
  sent?(topic: string, messages: readonly WireMessage[]): void;
  /** A message is in a topic for good, or armed as a timer. */
  durable?(topic: string, message: WireMessage): void;
  /** The instance is done with the delivery, and lets the service forget it. */
  acked?(
    delivery: Delivery,
    how: Outcome['kind'],
    agent: { readonly contract: Contract; readonly deployment: Deployment },
  ): void;
  /** What the handling of a delivery cost; not told of one at which its instance died. */
  spent?(delivery: Delivery, effort: Effort): void;
  logged?(line: string): void;
  /** Nothing moves any more. */
  ended?(): void;
}

/** Makes an observer; it calls `violated` with the invariant and what broke it. */
export type MakeObserver = (scene: Scene, violated: (what: string) => void) => Observer;
