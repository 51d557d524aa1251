import { answerPath } from '../contract/names.ts';
import type { Write } from '../contract/store.ts';
import { inboxExpiry } from '../kernel/inbox.ts';
import type { Command } from './command.ts';

/**
 * The answers to updates of senders that have no topic of their own: documents beside the run, written with the history that gives the
 * answer, and kept as long as the record of the message. A sender knows the path before it sends: it is a digest of the message.
 */
export function answerWrites(runId: string, commands: readonly Command[], now: number): readonly Write[] {
  return commands.flatMap((command): Write[] => {
    if (command.do !== 'answer' || command.by.keep === undefined) return [];
    const fields = {
      reply: JSON.stringify(command.reply),
      inputDigest: command.by.keep,
      expireAt: inboxExpiry(now),
    };
    return [{ kind: 'put', path: answerPath(runId, command.id), fields }];
  });
}
