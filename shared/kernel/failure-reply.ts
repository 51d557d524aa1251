import type { DeadLetter } from '../contract/dead-letter.ts';
import type { ErrorCode } from '../contract/errors.ts';
import { messageJson } from '../contract/json.ts';
import { REPLY } from '../contract/message.ts';
import { originalEnvelope } from './dead-letter.ts';
import type { Send } from './route.ts';

/**
 * What was said before it died, or may not be said: who waits for a refused command was told so by the reply to it (a workflow whose
 * compensation was refused puts it among the dead letters itself: an answer would be another refusal, without end).
 */
const SILENT: ReadonlySet<ErrorCode> = new Set(['Rejected', 'ReplyToRefused']);

/**
 * A command that died tells whoever waits for its reply, so that a workflow compensates at once and never hangs (I4, I8). Only the
 * agent that records dead letters sends this: whichever way a command dies, it comes by there.
 */
export function failureReply(letter: DeadLetter): Send[] {
  const original = originalEnvelope(letter);
  if (letter.untold || !original?.replyTo || original.runId === undefined || SILENT.has(letter.failure.code))
    return [];
  return [
    {
      to: { agent: original.replyTo },
      type: REPLY,
      data: messageJson({ ok: false, error: letter.failure }),
      runId: original.runId,
      causationId: original.id,
      ...(original.stepId !== undefined && { stepId: original.stepId }),
    },
  ];
}
