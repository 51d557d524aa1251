import { randomUUID } from 'node:crypto';
import type { Contract } from '../../shared/contract/agent.ts';
import { type CheckedIn, checkIn, type PayloadBlob } from '../../shared/contract/claim-check.ts';
import { encodeMessage } from '../../shared/contract/envelope.ts';
import { MeshError } from '../../shared/contract/errors.ts';
import type { Json } from '../../shared/contract/json.ts';
import { messageKey, runIdOf } from '../../shared/contract/keys.ts';
import type { Message, WireMessage } from '../../shared/contract/message.ts';
import { eventsTopic, topicOf } from '../../shared/contract/names.ts';
import { takenLimits } from '../../shared/contract/payload-limits.ts';
import { childSpan, formatTraceparent } from '../../shared/contract/trace.ts';

/** Who the messages of the command line come from. */
export const SOURCE = '/mesh-cli';

/** A message that the command line sends, and where to. */
export interface Composed {
  readonly topic: string;
  readonly message: Message;
  readonly wire: WireMessage;
  /** The payload, where it is too large to inline: to be written before the message is published. */
  readonly blob?: PayloadBlob;
  /** The run that it starts, where it starts one. */
  readonly runId?: string;
}

export interface ComposeOptions {
  readonly contract: Contract;
  /** The message's name, with or without the agent before it. */
  readonly type: string;
  readonly data: Json;
  readonly prefix: string;
  /** Left out: a random one. */
  readonly id?: string;
  readonly attributes?: Readonly<Record<string, string>>;
  /** Sends it although the contract has no such message, or the data does not fit: to see what becomes of it. */
  readonly unchecked?: boolean;
  readonly now: Date;
}

/**
 * Makes a message as the agent's contract describes it.
 *
 * @throws MeshError `UnknownMessage`, `SchemaMismatch` naming the field, `PayloadTooLarge`
 */
export function compose(options: ComposeOptions): Composed {
  const { contract, data, prefix, id = randomUUID(), attributes = {}, unchecked = false, now } = options;
  const own = `${contract.name}.`;
  const name = options.type.startsWith(own) ? options.type.slice(own.length) : options.type;
  // Own fields only: a message may be called `toString`.
  const at = <T>(part: Readonly<Record<string, T>>) => (Object.hasOwn(part, name) ? part[name] : undefined);
  const workflow = at(contract.workflows);
  const event = at(contract.publishes);
  const schema = workflow?.input ?? at(contract.commands)?.input ?? event;
  if (!unchecked) {
    if (!schema) throw unknownMessage(contract, name);
    const parsed = schema.safeParse(data);
    if (!parsed.success) throw mismatch(own + name, parsed.error.issues);
  }
  const type = name.includes('.') ? name : own + name;
  const { data: sent, blob }: CheckedIn = unchecked
    ? { data }
    : checkIn(data, takenLimits(contract, type), type);
  const message: Message = {
    id,
    source: SOURCE,
    type,
    time: now.toISOString(),
    correlationId: id,
    traceparent: formatTraceparent(childSpan(undefined)),
    data: sent,
  };
  const encoded = encodeMessage(message);
  return {
    topic: event ? eventsTopic(prefix) : topicOf(prefix, contract.name),
    message,
    wire: { ...encoded, attributes: { ...encoded.attributes, ...attributes } },
    ...(blob && { blob }),
    ...(workflow && { runId: runIdOf(name, keyOf(workflow.key, data) ?? messageKey(message)) }),
  };
}

function keyOf(field: string | undefined, data: Json): string | undefined {
  if (field === undefined || typeof data !== 'object' || data === null || !(field in data)) return undefined;
  const value = (data as Readonly<Record<string, Json>>)[field];
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
}

function unknownMessage(contract: Contract, name: string): MeshError {
  const names = [contract.workflows, contract.commands, contract.publishes].flatMap((part) =>
    Object.keys(part),
  );
  return new MeshError('UnknownMessage', `${contract.name} has no message ${JSON.stringify(name)}`, {
    field: 'type',
    hint: `It has: ${names.join(', ') || 'none'}. To publish it all the same: --unchecked`,
  });
}

interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

function mismatch(type: string, [issue, ...more]: readonly Issue[]): MeshError {
  const field = issue?.path.map(String).join('.') || 'data';
  const others = more.length > 0 ? ` (and ${more.length} more)` : '';
  return new MeshError('SchemaMismatch', `${type}: ${field}: ${issue?.message ?? 'does not fit'}${others}`, {
    field,
    hint: 'Correct the field. To publish it all the same, and see the dead letter: --unchecked',
  });
}
