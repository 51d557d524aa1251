import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import { type Outgoing, outgoingEvent, outgoingTo, type Sendable } from '../../shared/client/outgoing.ts';
import type { Contract } from '../../shared/contract/agent.ts';
import { hasCode, MeshError } from '../../shared/contract/errors.ts';
import type { Json } from '../../shared/contract/json.ts';
import { type Ref, refOf } from '../../shared/contract/refs.ts';
import { SOURCE } from '../target.ts';

export type Composed = Outgoing;

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
  /** The answer to a command is kept for `SentCommand.answer`. */
  readonly keepReply?: boolean;
  readonly now: Date;
  /** A run begins then, and a command is not handled before. */
  readonly at?: Date;
}

/**
 * Makes a message as the agent's contract describes it.
 *
 * @throws MeshError `UnknownMessage`, `SchemaMismatch` naming the field, `PayloadTooLarge`
 */
export function compose(options: ComposeOptions): Composed {
  const { contract, type, data, prefix, id = randomUUID(), attributes, keepReply, now, at } = options;
  const ref = refIn(contract, type);
  const sender = {
    ...{ prefix, source: SOURCE, id, now: now.getTime() },
    ...(attributes && { attributes }),
    ...(keepReply && { keepReply }),
    ...(at && { at }),
  };
  if (options.unchecked) {
    return ref?.kind === 'event'
      ? outgoingEvent({ ...ref, ...ANYTHING, data: z.json() }, data, sender)
      : outgoingTo(anyInput(contract, nameIn(contract, type), data, ref), data, sender);
  }
  if (!ref) throw unknownMessage(contract, nameIn(contract, type));
  try {
    return ref.kind === 'event' ? outgoingEvent(ref, data, sender) : outgoingTo(ref, data, sender);
  } catch (error) {
    if (!hasCode(error, 'SchemaMismatch')) throw error;
    throw new MeshError(error.code, error.message, {
      field: error.field ?? 'data',
      hint: 'Correct the field. To publish it all the same, and see the dead letter: --unchecked',
    });
  }
}

/** The reference of a message, by its name with or without the agent before it. */
export function refIn(contract: Contract, type: string): Ref | undefined {
  return refOf(contract, nameIn(contract, type));
}

function nameIn({ name }: Contract, type: string): string {
  return type.startsWith(`${name}.`) ? type.slice(name.length + 1) : type;
}

/** No limit of the contract holds for what is sent unchecked. */
const ANYTHING = { inlineBytes: Number.POSITIVE_INFINITY } as const;

function anyInput({ name: agent }: Contract, name: string, data: Json, ref: Ref | undefined): Sendable {
  const type = name.includes('.') ? name : `${agent}.${name}`;
  const workflow = ref?.kind === 'workflow' ? ref : undefined;
  const key = workflow?.key;
  const value =
    typeof data === 'object' && data !== null && !Array.isArray(data) && key ? data[key] : undefined;
  const named = (typeof value === 'string' && value !== '') || typeof value === 'number';
  const kind = workflow ? 'workflow' : 'command';
  return {
    ...ANYTHING,
    kind,
    agent,
    name,
    type,
    input: z.json(),
    ...(key !== undefined && named && { key }),
  };
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
