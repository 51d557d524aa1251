import type { Contract, EventRef, MessageRef } from '../contract/agent.ts';
import { type BaggageEntry, baggageView, withBaggage } from '../contract/baggage.ts';
import { checkIn, type PayloadBlob } from '../contract/claim-check.ts';
import type { Clock } from '../contract/clock.ts';
import { milliseconds } from '../contract/duration.ts';
import { MeshError } from '../contract/errors.ts';
import { type Json, toJson } from '../contract/json.ts';
import { effectKey } from '../contract/keys.ts';
import { type Message, SIGNAL } from '../contract/message.ts';
import { parseAs } from '../contract/parse.ts';
import { outgoingSignal } from '../contract/run-target.ts';
import type { Schema } from '../contract/schema.ts';
import type { Secrets } from '../contract/secrets.ts';
import { checkName } from '../contract/text.ts';
import type { HandlerContext, SendOptions } from './handler.ts';
import { LONGEST_VALUE_BYTES, MOST_TIMED_BYTES } from './message-limits.ts';
import { scheduleSend } from './outgoing-schedule.ts';
import { cursorOf, Proceed } from './proceed.ts';
import type { Providers } from './providers/providers.ts';
import type { DecisionRequest, Send } from './route.ts';
import type { StateDocuments } from './state.ts';

export interface HandlerContextOptions {
  readonly contract: Contract;
  readonly request: DecisionRequest;
  readonly state: StateDocuments;
  readonly clock: Clock;
  readonly secrets: Secrets;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly providers: Providers;
  /** What the handler sends is added here, in order. */
  readonly sends: Send[];
  /** And here the payloads that are too large to inline. */
  readonly blobs: PayloadBlob[];
  /** What is added to the baggage of the message. */
  readonly added?: readonly BaggageEntry[];
}

/** Makes the `ctx` of a handler. All that it sends is only collected; the kernel commits it, then publishes (I1, I3). */
export function createHandlerContext(options: HandlerContextOptions): HandlerContext<unknown> {
  const { contract, request, state, clock, secrets, env, providers, sends, blobs, added = [] } = options;
  const { message } = request;
  const { inlineBytes, claimCheckBytes: published } = contract.limits;
  /** What stands for the payload in a message that is sent by then. */
  const payload = (
    value: unknown,
    schema: Schema,
    claimCheckBytes: number,
    what: string,
    at?: number,
  ): Json => {
    const json = toJson(value, 'SchemaMismatch', what);
    parseAs(schema, json, 'SchemaMismatch', what);
    const most = at === undefined ? inlineBytes : Math.min(inlineBytes, MOST_TIMED_BYTES);
    const { data, blob } = checkIn(json, { inlineBytes: most, claimCheckBytes }, what);
    if (blob) blobs.push({ ...blob, ...(at !== undefined && { until: at }) });
    return data;
  };
  const travelling = (entries: readonly BaggageEntry[] = []) => {
    const baggage = [...added, ...entries];
    // Thrown here, where the handler can tell which it is.
    withBaggage(message.baggage, baggage);
    return baggage.length > 0 && { baggage };
  };
  return {
    message: withoutData(message),
    idempotencyKey: effectKey(message),
    state,
    signal: request.signal,
    cursor: cursorOf(message),
    proceed(cursor) {
      throw new Proceed(cursor);
    },
    lastHeartbeat: request.heartbeat?.last,
    heartbeat(details) {
      if (!request.heartbeat) {
        throw new MeshError(
          'ContractInvalid',
          `${contract.name} tells of its progress at ${message.type}, which is not in mode effect`,
          { field: 'mode' },
        );
      }
      request.heartbeat.beat(details);
    },
    log: request.log,
    baggage: baggageView(withBaggage(message.baggage, added)),
    ...(message.deadline !== undefined && { deadline: new Date(message.deadline) }),
    now: () => new Date(clock.now()),
    send<Input, Output, Wire>(
      ref: MessageRef<Input, Output, Wire>,
      input: Wire,
      { delay, at: moment, subject, baggage }: SendOptions = {},
    ) {
      if (ref.agent !== contract.name && !contract.calls.includes(ref.agent)) {
        throw new MeshError(
          'CallNotDeclared',
          `${contract.name} sends ${ref.type}, but its contract does not call ${ref.agent}`,
          { field: 'calls' },
        );
      }
      const what = `the ${ref.type} that ${contract.name} sends`;
      if (subject !== undefined) checkName(subject, 'subject', LONGEST_VALUE_BYTES);
      const at = delay === undefined ? moment?.getTime() : clock.now() + milliseconds(delay, 'delay');
      // A run is there from now on, and waits for its time itself.
      const isRun = ref.kind === 'workflow';
      sends.push({
        to: { agent: ref.agent },
        type: ref.type,
        data: payload(input, ref.input, ref.claimCheckBytes ?? 0, what, isRun ? undefined : at),
        ...(subject !== undefined && { subject }),
        ...(at !== undefined && { [isRun ? 'startAt' : 'at']: new Date(at) }),
        ...travelling(baggage),
      });
    },
    schedule(ref, id, change) {
      sends.push(scheduleSend(contract, ref, id, change));
    },
    publish<Data, Wire>(event: EventRef<Data, Wire>, data: Wire, { baggage }: SendOptions = {}) {
      if (event.agent !== contract.name || !(event.name in contract.publishes)) {
        throw new MeshError(
          'EventNotDeclared',
          `${contract.name} publishes ${event.type}, which its contract does not list`,
          { field: 'publishes' },
        );
      }
      const what = `the event ${event.type} that ${contract.name} publishes`;
      sends.push({
        to: 'events',
        type: event.type,
        data: payload(data, event.data, published, what),
        ...travelling(baggage),
      });
    },
    signalRun(ref, target, name, given) {
      const { agent, run, payload: plain, limits, what } = outgoingSignal(contract, ref, target, name, given);
      const { data, blob } = plain === undefined ? {} : checkIn(plain, limits, what);
      if (blob) blobs.push(blob);
      const signal = { name, ...(data !== undefined && { payload: data }) };
      sends.push({ to: { agent }, type: SIGNAL, data: signal, runId: run, ...travelling() });
    },
    async secret(name) {
      if (!contract.secrets.includes(name)) {
        throw new MeshError(
          'SecretNotDeclared',
          `${contract.name} reads the secret ${name}, which its contract does not list`,
          { field: 'secrets' },
        );
      }
      return secrets.get(name);
    },
    setting(name) {
      if (!contract.settings.includes(name)) {
        throw new MeshError(
          'ConfigurationInvalid',
          `${contract.name} reads the setting ${name}, which its contract does not list`,
          { field: 'settings' },
        );
      }
      return env[name] || undefined;
    },
    provider: (name) => providers.access(name, request),
  };
}

function withoutData({ data: _data, ...envelope }: Message) {
  return envelope;
}
