import type { Baggage, BaggageEntry } from '../contract/baggage.ts';
import type { ClaimCheck, PayloadBlob } from '../contract/claim-check.ts';
import type { MeshError } from '../contract/errors.ts';
import type { Failure } from '../contract/failure.ts';
import type { Json } from '../contract/json.ts';
import type { Log } from '../contract/log.ts';
import type { Message } from '../contract/message.ts';
import type { Reply } from '../contract/reply.ts';
import type { Query, StoredDocument, Write } from '../contract/store.ts';

/**
 * What the kernel does with one type of message. The kernel owns the steps around it (decode, dedupe, commit, publish, the
 * outcome); a route owns the decision. Two kinds exist: an agent's handlers, and the workflow host.
 */
export interface Route {
  /** `effect`: the decision reaches the outside world, so the message is claimed first (DESIGN §5). */
  readonly mode: 'commit' | 'effect';
  /**
   * Paths of the documents that the decision needs, read in the same request as the inbox record (I5).
   *
   * @throws MeshError for a message that can't be taken (I11)
   */
  reads(message: Message): readonly string[];
  /**
   * The key of the entity that the message is for: messages of one key are handled one at a time. Left out, or undefined: it is for none.
   *
   * @throws MeshError for a message that can't be taken (I11)
   */
  entity?(message: Message): string | undefined;
  /**
   * Decides. In `commit` mode it may run more than once for one message (a conflict reads and decides again), so it must
   * touch nothing but what it is given. `documents` are those of `reads`, in that order.
   */
  decide(request: DecisionRequest): Promise<Decision>;
  /**
   * Decides in place of a decision that can't be made (`decide` threw what is no `MeshError`) or committed (it was refused for good), and could not be the next
   * time: without it the message would be given up on, and what it is for might never hear of that. Undefined: it is given up on.
   */
  instead?(request: DecisionRequest, error: unknown): Promise<Decision | undefined>;
  /** Its messages are decided on with the claim checks that they came with, not with the payloads that these stand for. */
  readonly keepsClaimChecks?: true;
  /**
   * In `commit` mode: path of the document that the message brings on. Messages for one take turns within an instance, which keeps it at
   * hand for the next.
   *
   * @throws MeshError for a message that can't be taken (I11)
   */
  document?(message: Message): string | undefined;
  /** In `commit` mode: for messages of which so many may come for one document that they get in each other's way. */
  readonly mailbox?: Mailbox;
}

/**
 * Lets messages be left beside the document that they are for, to be decided on one after the other by one delivery, and committed
 * together (docs/decisions/0013-mailbox-and-drainer.md). A message may then be decided on more than once, each time after the last: the
 * document alone must tell that it was before, and `decide` then find it without effect (I2).
 */
export interface Mailbox {
  /** The `document` of the route, one of `reads`. Undefined: the message is not to be left. */
  documentOf(message: Message): string | undefined;
  /** Whether more messages for the document are to be expected than had better be committed one by one. */
  crowded(document: StoredDocument): boolean;
  /** Whether the message is to be left in any case: it has the mailbox drained, and is taken after what is in it. */
  drains?(message: Message): boolean;
}

export interface DecisionRequest {
  readonly message: Message;
  readonly documents: readonly (StoredDocument | undefined)[];
  /** K. */
  readonly key: string;
  /** Which delivery of the message this is, deferrals included: those before it may have died. Left out: the first. */
  readonly attempt?: number;
  /** Aborts at the message's deadline or the contract's timeout, whichever is first, or when nobody waits for the outcome any more. */
  readonly signal: AbortSignal;
  /** In `effect` mode: takes note of the progress, and has what an earlier attempt told of it. */
  readonly heartbeat?: { beat(details: unknown): void; readonly last: Json | undefined } | undefined;
  readonly log: Log;
  /** Reads more documents, in one request, where those of `reads` turn out not to be enough: once in a decision at most (I5). */
  read(paths: readonly string[]): Promise<(StoredDocument | undefined)[]>;
  /** Looks for documents: for routes that look after others' work, not for those of ordinary messages (I5). */
  query(query: Query): Promise<StoredDocument[]>;
  /** The payloads that claim checks stand for, as JSON in UTF-8, by their SHA-256; for one that is not to be had, the error that says why. */
  payloads(checks: readonly ClaimCheck[]): Promise<ReadonlyMap<string, Uint8Array | MeshError>>;
}

export interface Decision {
  /** Committed together with the inbox record, all or nothing (I1). */
  readonly writes: readonly Write[];
  /** Published, or armed as timers, after the commit, and again whenever the message is delivered again (I2, I3). */
  readonly sends: readonly Send[];
  /** The payloads that claim checks in `writes`, `sends` or `reply` stand for: written before these are committed (I3, I6). */
  readonly blobs?: readonly PayloadBlob[];
  /** Claim checks of payloads that are to be kept for longer, from before the commit on. */
  readonly renews?: readonly ClaimCheck[];
  /** The outcome for whoever waits for the reply. Left out: no reply (yet). */
  readonly reply?: Reply;
  /** The baggage of what it sends, in place of that of the message handled. */
  readonly baggage?: Baggage;
  /**
   * `true` (the default): the message is recorded as handled. `false`: it had no effect at all, and nothing is committed; it is
   * acked (a timer whose step is long done). `writes` and `sends` must then be empty.
   */
  readonly record?: boolean;
  /**
   * Told once the decision is committed, or, in a batch, when the next is to be made on what it wrote: the time to keep in memory what the
   * next message needs, under something that only this decision has written.
   */
  readonly committed?: () => void;
}

/** One message to send. The kernel gives it its id (derived from K and its position), source, causation and trace. */
export interface Send {
  /**
   * An agent; `events` for the topic of domain events; or the sender's own dead-letter topic, for a command to `agent` that was
   * given up on though its handler refused it in order (a compensation that was rejected, I8).
   */
  readonly to:
    | { readonly agent: string }
    | 'events'
    | { readonly deadLetterFor: string; readonly failure: Failure };
  readonly type: string;
  readonly data: Message['data'];
  readonly subject?: string;
  readonly runId?: string;
  readonly stepId?: string;
  readonly replyTo?: string;
  /** RFC 3339. */
  readonly deadline?: string;
  /** When the run that it starts begins. Left out: now. */
  readonly startAt?: Date;
  /** The schedule that starts the run. */
  readonly scheduleId?: string;
  /** Not before this time: it is armed as a timer. Left out: now. */
  readonly at?: Date;
  /**
   * What the id is derived from instead of K and the position. For sends that several messages may cause, but that are one
   * send all the same (a step of a run): `<runId>:<stepId>:<attempt>`.
   */
  readonly idFrom?: string;
  /** What the receiver gives a provider as the key of the effect, where several messages are one. Left out: the message's own key. */
  readonly idempotencyKey?: string;
  /** JSON: how far the work has come that the message goes on with. */
  readonly cursor?: string;
  /** Facts added to the baggage that it travels with. */
  readonly baggage?: readonly BaggageEntry[];
  /** The id of the message that this one answers, where that is not the message being handled. */
  readonly causationId?: string;
}
