import type { Failure } from '../contract/failure.ts';
import type { DeferReason } from './deferral.ts';

/** How the handling of a delivery ended. All but `nack` are acked, and only after what they caused is durable (I3). */
export type Outcome =
  /** Its effect is committed and published. `duplicate`: it had been before. `ignored`: an event that nobody here subscribes to. */
  | { readonly kind: 'ack'; readonly duplicate?: boolean; readonly ignored?: boolean }
  /** Pub/Sub delivers it again by its retry policy, and in the end makes it a dead letter. */
  | { readonly kind: 'nack'; readonly failure: Failure }
  /** Published again, later: uses up no delivery attempt. */
  | { readonly kind: 'defer'; readonly until: Date; readonly why: DeferReason }
  /** Given up on: it stands in the agent's dead-letter topic with its reason. */
  | { readonly kind: 'dead-letter'; readonly failure: Failure };
