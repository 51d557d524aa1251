import { MeshError } from '../contract/errors.ts';
import type { Message } from '../contract/message.ts';

/**
 * Nothing is begun after the deadline. Only asked once the inbox record is known: what was done in time, by a process that died before it
 * could say so, is still published (I3).
 */
export function checkDeadline(message: Message, now: number): void {
  if (!isOverdue(message, now)) return;
  const { deadline } = message;
  throw new MeshError('DeadlineExceeded', `the deadline ${deadline} had passed when the message came`, {
    field: 'deadline',
  });
}

export function isOverdue({ deadline }: Message, now: number): boolean {
  return deadline !== undefined && Date.parse(deadline) <= now;
}
