import { type HandlerContext, MeshError, rejected, retryAfterMs } from '../../shared/index.ts';
import type { Parcel } from './contract.ts';

export interface Label {
  readonly id: string;
  readonly trackingNumber: string;
  readonly state: 'live' | 'voided';
}

/** The company's shipping service. It keeps one label per idempotency key for a day, and every label by its order for good. */
export interface ShippingService {
  labelsOf(orderId: string): Promise<readonly Label[]>;
  /** The order's label as it is now, made if there is none. Throws `Rejected` for a destination that is not shipped to. */
  make(parcel: Parcel): Promise<Label>;
  /** Voiding twice is voiding once. */
  void(labelId: string): Promise<void>;
}

/** All requests of one handling together. */
const BUDGET_MS = 5_000;

export async function openShipping(ctx: HandlerContext<never>): Promise<ShippingService> {
  const base = ctx.setting('SHIPPING_API_BASE');
  if (base === undefined)
    throw new MeshError('ConfigurationInvalid', 'the setting SHIPPING_API_BASE is not set', {
      field: 'SHIPPING_API_BASE',
    });
  const token = await ctx.secret('shipping-api-token');
  const budget = AbortSignal.timeout(BUDGET_MS);
  const provider = ctx.provider('shipping');
  const request = (method: string, path: string, parcel?: Parcel): Promise<unknown> =>
    provider.call((signal) => ask(method, path, AbortSignal.any([signal, budget]), parcel));

  async function ask(method: string, path: string, signal: AbortSignal, parcel?: Parcel): Promise<unknown> {
    const response = await fetch(new URL(path, base), {
      method,
      signal,
      headers: {
        authorization: `Bearer ${token}`,
        ...(parcel && {
          'content-type': 'application/json',
          'idempotency-key': `order/${parcel.orderId}/label`,
        }),
      },
      ...(parcel && { body: JSON.stringify(parcel) }),
    }).catch((cause: unknown) => {
      throw new MeshError('ProviderFailed', 'the shipping service could not be reached', { cause });
    });
    const body: unknown = await response.json().catch((cause: unknown) => {
      throw new MeshError('ProviderFailed', `the shipping service answered ${response.status} without JSON`, {
        cause,
      });
    });
    if (response.ok) return body;
    if (response.status === 429) {
      const ms = retryAfterMs(response.headers.get('retry-after'), ctx.now().getTime());
      throw new MeshError('ProviderThrottled', 'the shipping service asked to be called less often', {
        ...(ms !== undefined && { retryAfterMs: ms }),
      });
    }
    throw failureOf(response.status, body as ServiceProblem);
  }

  return {
    labelsOf: async (orderId) => {
      const { labels } = (await request('GET', `/labels?${new URLSearchParams({ orderId })}`)) as {
        readonly labels: readonly Label[];
      };
      return labels;
    },
    make: async (parcel) => (await request('POST', '/labels', parcel)) as Label,
    void: async (labelId) => {
      await request('DELETE', `/labels/${encodeURIComponent(labelId)}`);
    },
  };
}

interface ServiceProblem {
  readonly error?: { readonly code?: string; readonly message?: string; readonly field?: string };
}

function failureOf(status: number, { error: { code, message, field } = {} }: ServiceProblem): MeshError {
  const told = `the shipping service answered ${status}${message === undefined ? '' : `: ${message}`}`;
  const where = field === undefined ? {} : { field };
  switch (code) {
    case 'unknown_destination':
      return rejected('undeliverable', message ?? told, where);
    case 'idempotency_mismatch':
      return rejected('order_mismatch', 'the order has another label already');
    case 'invalid_request':
      return rejected('label_refused', told, where);
  }
  return new MeshError('ProviderFailed', told);
}
