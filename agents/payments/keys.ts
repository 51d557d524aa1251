import { MeshError } from '../../shared/index.ts';

/** Stripe removes idempotency keys once they are 24 hours old (docs.stripe.com/api/idempotent_requests); an hour to spare. */
export const KEYS_LAST_MS = 23 * 3_600_000;

const LONGEST_CHAIN = 20;

/**
 * Makes an idempotent request under the first key of a chain that has not ended in a fault of Stripe's.
 *
 * Stripe keeps the first answer to a key, a 5xx too, and gives it again for a day: the request is then stuck for good under that
 * key. What was kept never changes, so whoever walks the chain `base`, `base:1`, `base:2`, … comes to the same key and finds the
 * same object. A fault that was not kept (no `Idempotent-Replayed`) is thrown: the key is still good.
 */
export async function underFirstGoodKey<Result>(
  base: string,
  request: (key: string) => Promise<Result>,
): Promise<Result> {
  for (let link = 0; link < LONGEST_CHAIN; link++) {
    try {
      return await request(link === 0 ? base : `${base}:${link}`);
    } catch (error) {
      if (!isKeptFault(error)) throw error;
    }
  }
  throw new MeshError('ProviderFailed', `Stripe failed ${LONGEST_CHAIN} times for good`);
}

function isKeptFault(error: unknown): boolean {
  const { statusCode, headers } = error as {
    readonly statusCode?: number;
    readonly headers?: Readonly<Record<string, string>>;
  };
  return statusCode !== undefined && statusCode >= 500 && headers?.['idempotent-replayed'] === 'true';
}
