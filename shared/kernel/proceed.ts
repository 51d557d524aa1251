import type { Contract } from '../contract/agent.ts';
import { checkIn, type PayloadBlob } from '../contract/claim-check.ts';
import { MeshError } from '../contract/errors.ts';
import { type Json, toJson } from '../contract/json.ts';
import { effectKey } from '../contract/keys.ts';
import type { Message } from '../contract/message.ts';
import { takenLimits } from '../contract/payload-limits.ts';
import { LONGEST_VALUE_BYTES } from './message-limits.ts';
import type { Send } from './route.ts';

/** What a handler throws, by `ctx.proceed`, to go on with its work in another message. */
export class Proceed extends Error {
  override readonly name = 'Proceed';
  /** JSON. */
  readonly cursor: string;

  /** @throws MeshError `ArgumentInvalid`, `PayloadTooLarge` */
  constructor(cursor: unknown) {
    super('the handler goes on in another message; this is not to be caught');
    const text = JSON.stringify(toJson(cursor, 'ArgumentInvalid', 'the cursor of ctx.proceed'));
    const bytes = Buffer.byteLength(text);
    if (bytes > LONGEST_VALUE_BYTES) {
      throw new MeshError(
        'PayloadTooLarge',
        `the cursor of ctx.proceed is ${bytes} bytes of JSON, and may be ${LONGEST_VALUE_BYTES}`,
        { field: 'cursor' },
      );
    }
    this.cursor = text;
  }
}

/** The cursor that a message goes on from; undefined: it is the first. @throws MeshError `InvalidAttribute` */
export function cursorOf({ cursor }: Message): Json | undefined {
  if (cursor === undefined) return undefined;
  try {
    return JSON.parse(cursor) as Json;
  } catch {
    throw new MeshError('InvalidAttribute', 'the cursor of the message is no JSON', { field: 'cursor' });
  }
}

/**
 * The message that goes on with the work of this one: the same to the same agent, whose reply goes to whoever waits for this one's. It is
 * committed with this one's effect, so each slice has exactly one (I1, I2).
 */
export function nextSlice(
  message: Message,
  { cursor }: Proceed,
  contract: Contract,
  blobs: PayloadBlob[],
): Send {
  if (message.keepReply) {
    throw new MeshError(
      'ContractInvalid',
      `${message.type} goes on in another message, and the program that asked looks for its answer in this one`,
      { field: 'keepreply', hint: 'Call the handler from a workflow, and wait for the run.' },
    );
  }
  const { subject, runId, stepId, replyTo, deadline } = message;
  const limits = takenLimits(contract, message.type);
  const { data, blob } = checkIn(message.data, limits, `the ${message.type} that goes on`);
  if (blob) blobs.push(blob);
  return {
    to: { agent: contract.name },
    type: message.type,
    data,
    cursor,
    // The same for all attempts at this slice, also for those of another attempt at the step.
    idempotencyKey: `${effectKey(message)}+`,
    ...(subject !== undefined && { subject }),
    ...(runId !== undefined && { runId }),
    ...(stepId !== undefined && { stepId }),
    ...(replyTo !== undefined && { replyTo }),
    ...(deadline !== undefined && { deadline }),
  };
}
