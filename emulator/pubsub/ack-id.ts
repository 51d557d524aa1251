import { StatusError } from '../wire/status.ts';

/** What an ack id names: one delivery of one message of one subscription. */
export interface AckRef {
  readonly sequence: number;
  readonly delivery: number;
}

const FORM = /^(\d+)-(\d+)-(\d+)$/;

/** `owner` is a number that no other subscription of the broker has, nor had. */
export function formatAckId(owner: number, { sequence, delivery }: AckRef): string {
  return `${owner}-${sequence}-${delivery}`;
}

/** @throws StatusError INVALID_ARGUMENT for an id that this subscription never gave out. */
export function parseAckId(owner: number, ackId: string): AckRef {
  const parts = FORM.exec(ackId);
  if (!parts || Number(parts[1]) !== owner) {
    throw new StatusError(
      'INVALID_ARGUMENT',
      `You have passed an invalid ack ID to the service (ack_id=${ackId}).`,
    );
  }
  return { sequence: Number(parts[2]), delivery: Number(parts[3]) };
}
