import type { Stock } from '../../agents/inventory/contract.ts';
import type { Failure } from '../../shared/contract/failure.ts';
import type { Json } from '../../shared/contract/json.ts';

/** What the sandboxes say really happened: as much of their books as reconciling needs. */
export interface Books {
  readonly stripe: {
    readonly charges: readonly {
      readonly amount: number;
      readonly amountRefunded: number;
      readonly currency: string;
      readonly metadata: Readonly<Record<string, string>>;
    }[];
  };
  readonly twilio: { readonly messages: readonly { readonly to: string; readonly body: string }[] };
  readonly calendar: {
    readonly events: readonly {
      readonly status: 'confirmed' | 'cancelled';
      readonly input: {
        readonly extendedProperties?: { readonly private?: Readonly<Record<string, string>> };
      };
    }[];
  };
  readonly shipping: { readonly live: readonly { readonly orderId: string }[] };
}

/** A run of `fulfill-order`, as its record tells. */
export interface OrderRun {
  /** The order's id. */
  readonly key: string;
  readonly status: string;
  readonly output?: Json;
  readonly failure?: Failure;
  readonly createdAt: Date;
  readonly endedAt?: Date;
}

export type StockBook = readonly Stock[];

/** How an order ended, or `open`. */
export type Ending = 'fulfilled' | 'refunded' | 'rejected' | 'open';
