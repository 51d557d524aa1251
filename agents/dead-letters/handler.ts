import type { DeadLetter, HandlerContext, HandlersOf } from '../../shared/index.ts';
import type { DeadLetterRecord, deadLetters } from './contract.ts';

export const handlers = {
  deadLetter: { keys: ({ id }) => [id], handle: record },
} satisfies HandlersOf<typeof deadLetters>;

function record(letter: DeadLetter, ctx: HandlerContext<DeadLetterRecord>): void {
  const { id, agent, failure, original, deliveryAttempts: attempts = 0 } = letter;
  const type = original.attributes['ce-type'] ?? original.attributes.type;
  const now = ctx.now().toISOString();
  const known = ctx.state.get(id);
  const earlier = earlierReasons(known, failure);
  ctx.state.set(id, {
    id,
    agent,
    ...(type !== undefined && { type }),
    ...failure,
    ...(earlier.length > 0 && { earlier }),
    original,
    attempts: Math.max(attempts, known?.attempts ?? 0),
    firstSeen: known?.firstSeen ?? now,
    lastSeen: now,
    status: known?.status ?? 'open',
    redrives: known?.redrives ?? redrivesOf(letter),
  });
  // What an alerting policy looks for. Never the payload (I12).
  ctx.log.error(`${agent} gave up on a message: ${failure.message}`, {
    alert: 'dead_letter',
    deadLetter: id,
    agent,
    type,
    code: failure.code,
    field: failure.field,
    reason: failure.reason,
    attempts,
  });
}

const MOST_REASONS = 5;

/** The newest reason stands in the record itself; those of copies that died of something else are kept beside it. */
function earlierReasons(
  known: DeadLetterRecord | undefined,
  { code, message }: DeadLetter['failure'],
): NonNullable<DeadLetterRecord['earlier']> {
  if (!known) return [];
  const { earlier = [], lastSeen } = known;
  if (known.code === code && known.message === message) return earlier;
  const others = earlier.filter((reason) => reason.code !== code || reason.message !== message);
  return [{ code: known.code, message: known.message, lastSeen }, ...others].slice(0, MOST_REASONS);
}

function redrivesOf({ original }: DeadLetter): number {
  const { redrive = '0' } = original.attributes;
  return /^\d{1,6}$/.test(redrive) ? Number(redrive) : 0;
}
