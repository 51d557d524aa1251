import type { Baggage } from './baggage.ts';
import type { Json } from './json.ts';

/** What the mesh is told of a message besides its data: the CloudEvents context and the mesh's own attributes. */
export interface Envelope {
  /** With `source`, what the message is known by: K. */
  readonly id: string;
  /** Who sent it: `/agents/<name>`, `/runs/<runId>`, or what the publisher wrote. */
  readonly source: string;
  /** `<agent>.<message>` for commands and events, `mesh.reply` and its like for the mesh's own. */
  readonly type: string;
  /** RFC 3339. */
  readonly time: string;
  readonly subject?: string;
  /** The same for all that one first message caused. */
  readonly correlationId: string;
  /** The id of the message whose handling sent this one. */
  readonly causationId?: string;
  /** The run and the step that wait for the reply; on a reply, signal or timer, the run that it is for. */
  readonly runId?: string;
  readonly stepId?: string;
  /** The agent to whose topic the reply goes. */
  readonly replyTo?: string;
  /** The reply is kept with the record that the message was handled, for a sender that has no topic (kept-reply.ts). */
  readonly keepReply?: true;
  /** RFC 3339: after it nobody waits for the outcome. */
  readonly deadline?: string;
  /** RFC 3339: the run that it starts begins then. */
  readonly startAt?: string;
  /** The schedule that starts the run: it is told of the end. */
  readonly scheduleId?: string;
  /** RFC 3339: not to be handled before. A message that comes early is deferred again. */
  readonly notBefore?: string;
  /** How often the message was redriven from the dead letters. */
  readonly redrive?: number;
  /** What a provider is to know the effect by, where that is another message's too: the attempts of one step are one effect. */
  readonly idempotencyKey?: string;
  /** JSON: how far the work of messages before this one has come, which this one goes on with. */
  readonly cursor?: string;
  /** W3C Trace Context (https://www.w3.org/TR/trace-context/). */
  readonly traceparent?: string;
  readonly tracestate?: string;
  /** Whose payloads it holds, and all that follows from it: with the key of that tenant they are encrypted. */
  readonly tenant?: string;
  /** Facts that travel with all that follows from the message (baggage.ts). */
  readonly baggage?: Baggage;
}

/** A CloudEvent as the mesh handles it: its envelope and its JSON data. */
export interface Message extends Envelope {
  readonly data: Json;
}

/** A Pub/Sub message to be published. */
export interface WireMessage {
  readonly data: Uint8Array;
  readonly attributes: Readonly<Record<string, string>>;
  readonly orderingKey?: string;
}

/** A Pub/Sub message as it was delivered, whichever of the three deliveries brought it. */
export interface Delivery extends WireMessage {
  readonly messageId: string;
  /** RFC 3339. */
  readonly publishTime: string;
  /** The subscription's id, without its project; empty where the delivery does not tell. */
  readonly subscription: string;
  /** 1 for the first; undefined where the delivery does not tell. */
  readonly deliveryAttempt?: number;
}

/** The types of the mesh's own messages. Names of agents can't begin with `mesh.`, so none of these can be a command. */
export const REPLY = 'mesh.reply';
export const SIGNAL = 'mesh.signal';
/** Asks a running workflow for something, and is answered by it. */
export const UPDATE = 'mesh.update';
export const TIMER = 'mesh.timer';
export const CANCEL = 'mesh.cancel';
export const TERMINATE = 'mesh.terminate';
export const PAUSE = 'mesh.pause';
export const RESUME = 'mesh.resume';
/** Gives back the slot that a run of a workflow with `concurrency` held or waited for. */
export const SLOT = 'mesh.slot';
/** Has an agent look for runs of its workflows that lost a timer, a reply or a slot. */
export const SWEEP = 'mesh.sweep';
/** Makes, changes and brings on a schedule that was made at run time (schedule-plan.ts). */
export const SCHEDULE = 'mesh.schedule';
export const DEAD_LETTER = 'mesh.dead-letter';
/** Proves that an agent gets its messages, and does nothing else. */
export const CANARY = 'mesh.canary';
