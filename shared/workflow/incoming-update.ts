import type { MeshError } from '../contract/errors.ts';
import { toFailure } from '../contract/failure.ts';
import type { Json } from '../contract/json.ts';
import { inputDigest } from '../contract/keys.ts';
import type { Message } from '../contract/message.ts';
import { parseAs } from '../contract/parse.ts';
import { Update } from '../contract/reply.ts';
import { isAwaited } from '../kernel/kept-reply.ts';
import type { Decision } from '../kernel/route.ts';
import type { Updated, UpdateSender } from './entry.ts';
import type { Intake } from './intake.ts';

/** The run that an update is for. Throws `SchemaMismatch`. */
export function targetOfUpdate(data: Json): string {
  return parseAs(Update, data, 'SchemaMismatch', 'the update').run;
}

/**
 * An update as an event of its run.
 *
 * @throws MeshError `UpdateNotDeclared`, `SchemaMismatch`, `PayloadTooLarge`
 */
export function updateOf(message: Message, id: string, at: number, intake: Intake): Updated {
  const { name, input } = parseAs(Update, message.data, 'SchemaMismatch', 'the update');
  const taken = intake.update(name, input);
  return { e: 'updated', at, id, name, ...(taken !== undefined && { input: taken }), by: senderOf(message) };
}

function senderOf({ id, replyTo, runId, stepId, keepReply, data }: Message): UpdateSender {
  return {
    causationId: id,
    ...(replyTo !== undefined && { replyTo }),
    ...(runId !== undefined && { runId }),
    ...(stepId !== undefined && { stepId }),
    ...(keepReply && { keep: inputDigest(data) }),
  };
}

/** Refuses an update before the run hears of it: whoever waits is told, and where nobody does it is a dead letter. */
export function refused(message: Message, error: MeshError): Decision {
  if (!isAwaited(message) || error.retry) throw error;
  return { writes: [], sends: [], reply: { ok: false, error: toFailure(error) } };
}
