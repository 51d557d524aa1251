import type Stripe from 'stripe';
import { type HandlerContext, MeshError } from '../../shared/index.ts';
import type { Charge, Refund } from './contract.ts';
import { failureOf, isAlreadyRefunded, isUnexpectedState } from './faults.ts';
import { underFirstGoodKey } from './keys.ts';

/** All requests of one handling together: an order waits 5 seconds for its charge. */
const BUDGET_MS = 5_000;

export type Intent = Pick<Stripe.PaymentIntent, 'id' | 'status'>;

/** The order's payment at Stripe. Every method may be called again, at any time, by any number of handlers. */
export interface OrderPayment {
  /** The order's one payment, unconfirmed when it is new. It costs nothing and moves no money. */
  open(payment: Refund): Promise<Intent>;
  /** The order's payment by its metadata, for when Stripe has forgotten the keys. A minute late (search is not up to date). */
  search(orderId: string): Promise<Intent | undefined>;
  look(id: string): Promise<Intent>;
  /** Charges the card, unless the payment has ended otherwise: see the status. Throws `Rejected` for a declined card. */
  confirm(id: string, charge: Charge): Promise<Intent>;
  /** Ends the payment so that it can never be confirmed, unless it has succeeded first: see the status. */
  cancel(id: string): Promise<Intent>;
  /** Gives back the whole of a payment that succeeded. Returns the refund's id. */
  giveBack(id: string, orderId: string): Promise<string>;
}

/** What a call to the outside needs of a handler's context. */
type Surroundings = Omit<HandlerContext, 'state'>;

/** One client per key and address: an instance keeps its connections, and a new key is used at once. */
const clients = new Map<string, Promise<Stripe>>();

export async function openPayments(ctx: Surroundings): Promise<OrderPayment> {
  const stripe = await clientFor(await ctx.secret('stripe-api-key'), ctx.setting('STRIPE_API_BASE'));
  const left = budgetOf(ctx);
  const options = (idempotencyKey?: string): Stripe.RequestOptions => ({
    timeout: left(),
    ...(idempotencyKey !== undefined && { idempotencyKey }),
  });
  const provider = ctx.provider('stripe');
  const attempt = <Result>(request: () => Promise<Result>): Promise<Result> => {
    // Want of time is no fault of Stripe's.
    left();
    return provider.call(async () => {
      try {
        return await request();
      } catch (error) {
        throw failureOf(error, ctx.now().getTime());
      }
    });
  };
  const look = (id: string) => attempt(() => stripe.paymentIntents.retrieve(id, {}, options()));
  /** The state of the payment decides, not who asked last: what can't be done any more is answered with what is. */
  const orAsItIs = async (id: string, request: () => Promise<Intent>): Promise<Intent> => {
    const intent = await attempt(() =>
      request().catch((error: unknown) => {
        if (isUnexpectedState(error)) return undefined;
        throw error;
      }),
    );
    return intent ?? look(id);
  };
  return {
    look,
    open: ({ orderId, amount, currency }) =>
      attempt(() =>
        underFirstGoodKey(`order/${orderId}/payment`, (key) =>
          // The card is not named here: a refund, which does not know it, must make the very same request.
          stripe.paymentIntents.create(
            {
              amount,
              currency,
              automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
              metadata: { orderId },
            },
            options(key),
          ),
        ),
      ),
    search: (orderId) =>
      attempt(async () => {
        const query = `metadata['orderId']:'${orderId}'`;
        const { data } = await stripe.paymentIntents.search({ query }, options());
        return data.find((intent) => intent.status === 'succeeded') ?? data[0];
      }),
    confirm: (id, { orderId, paymentMethod }) =>
      orAsItIs(id, () =>
        underFirstGoodKey(`order/${orderId}/confirm/${paymentMethod}`, (key) =>
          stripe.paymentIntents.confirm(id, { payment_method: paymentMethod }, options(key)),
        ),
      ),
    cancel: (id) => orAsItIs(id, () => stripe.paymentIntents.cancel(id, {}, options())),
    giveBack: (id, orderId) =>
      attempt(async () => {
        const refund = await underFirstGoodKey(`order/${orderId}/refund`, (key) =>
          stripe.refunds.create({ payment_intent: id, metadata: { orderId } }, options(key)),
        ).catch(async (error: unknown) => {
          const [made] = isAlreadyRefunded(error)
            ? (await stripe.refunds.list({ payment_intent: id, limit: 1 }, options())).data
            : [];
          if (made === undefined) throw error;
          return made;
        });
        if (refund.status === 'failed' || refund.status === 'canceled') {
          throw new MeshError('ProviderFailed', `the refund ${refund.id} is ${refund.status}`);
        }
        return refund.id;
      }),
  };
}

function clientFor(apiKey: string, base: string | undefined): Promise<Stripe> {
  const known = clients.get(`${base} ${apiKey}`);
  if (known) return known;
  const made = import('stripe').then(({ default: StripeClient }) => {
    const address = base === undefined ? undefined : new URL(base);
    return new StripeClient(apiKey, {
      // Tried again by Pub/Sub, which outlives this process.
      maxNetworkRetries: 0,
      telemetry: false,
      ...(address && {
        protocol: address.protocol === 'http:' ? 'http' : 'https',
        host: address.hostname,
        port: address.port || (address.protocol === 'http:' ? 80 : 443),
      }),
    });
  });
  clients.clear();
  clients.set(`${base} ${apiKey}`, made);
  return made;
}

/** What is left, in milliseconds, until the budget, the deadline or the handling ends. */
function budgetOf(ctx: Surroundings): () => number {
  const end = Math.min(ctx.now().getTime() + BUDGET_MS, ctx.deadline?.getTime() ?? Number.POSITIVE_INFINITY);
  return () => {
    const left = end - ctx.now().getTime();
    if (left <= 0 || ctx.signal.aborted)
      throw new MeshError('ProviderFailed', 'Stripe took longer than there was time');
    return left;
  };
}
