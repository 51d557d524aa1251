import { expect, it } from 'vitest';
import { MeshError } from '../../../shared/contract/errors.ts';
import { Failure, toFailure } from '../../../shared/contract/failure.ts';

it.each([['QuotaOfTheFuture'], ['constructor'], [7]])(
  'the unknown code %j is a fault of the handler',
  (code) => {
    expect(Failure.parse({ code, message: 'm' })).toEqual({ code: 'HandlerFailed', message: 'm' });
  },
);

it.each([[new Error('é'.repeat(200_000))], [new MeshError('Rejected', '😀'.repeat(100_000))]])(
  'a message without end is cut',
  (error) => {
    const { message } = toFailure(error);
    expect(message.length).toBeLessThanOrEqual(4_000);
    expect(message.endsWith('…')).toBe(true);
    expect(message.isWellFormed()).toBe(true);
  },
);
