import type { Clock } from '../../../shared/contract/clock.ts';
import { checkRedirects, knownCard, type Ledger, type PaymentInput, type RefundInput } from './ledger.ts';
import { listObject, readCut, readLimit, readSearch, SEARCH_LAG_MS } from './listing.ts';
import { checkAmount, checkCurrency } from './money.ts';
import type { Params } from './params.ts';
import { invalidRequest } from './problem.ts';
import { type PaymentIntent, paymentIntentObject, refundObject } from './records.ts';

/**
 * One endpoint. It reads and checks its parameters, and returns what is left to be carried out: an error of the first part
 * happened before the endpoint began to execute, and is not remembered under an idempotency key; an error of the second is.
 */
export type Endpoint = (params: Params, ledger: Ledger, clock: Clock, id: string) => () => object;

interface Route {
  readonly method: 'GET' | 'POST';
  readonly path: RegExp;
  readonly endpoint: Endpoint;
}

const ROUTES: readonly Route[] = [
  { method: 'POST', path: /^\/v1\/payment_intents$/, endpoint: createPaymentIntent },
  { method: 'POST', path: /^\/v1\/payment_intents\/([^/]+)\/confirm$/, endpoint: confirmPaymentIntent },
  { method: 'POST', path: /^\/v1\/payment_intents\/([^/]+)\/cancel$/, endpoint: cancelPaymentIntent },
  { method: 'GET', path: /^\/v1\/payment_intents$/, endpoint: listPaymentIntents },
  { method: 'GET', path: /^\/v1\/payment_intents\/search$/, endpoint: searchPaymentIntents },
  { method: 'GET', path: /^\/v1\/payment_intents\/([^/]+)$/, endpoint: retrievePaymentIntent },
  { method: 'POST', path: /^\/v1\/refunds$/, endpoint: createRefund },
  { method: 'GET', path: /^\/v1\/refunds$/, endpoint: listRefunds },
  { method: 'GET', path: /^\/v1\/refunds\/([^/]+)$/, endpoint: retrieveRefund },
];

export function findEndpoint(
  method: string,
  path: string,
): { readonly endpoint: Endpoint; readonly id: string } | undefined {
  for (const route of ROUTES) {
    const match = route.method === method ? route.path.exec(path) : null;
    if (match !== null) return { endpoint: route.endpoint, id: decodeURIComponent(match[1] ?? '') };
  }
  return undefined;
}

function createPaymentIntent(params: Params, ledger: Ledger): () => object {
  params.required('amount');
  const amount = params.integer('amount', 1) ?? 0;
  const currency = checkCurrency(params.required('currency'));
  checkAmount(amount, currency);
  const confirm = params.boolean('confirm') ?? false;
  params.oneOf('capture_method', ['automatic', 'automatic_async']);
  params.oneOf('confirmation_method', ['automatic']);
  const returnUrl = params.string('return_url');
  const input: PaymentInput = {
    amount,
    currency,
    metadata: params.metadata(),
    ...readMethods(params),
    ...present('paymentMethod', readPaymentMethod(params)),
    ...present('description', params.string('description')),
    ...present('customer', params.string('customer')),
    ...present('receiptEmail', params.string('receipt_email')),
  };
  for (const accepted of ['off_session', 'error_on_requires_action']) params.boolean(accepted);
  for (const accepted of ['statement_descriptor', 'statement_descriptor_suffix']) params.string(accepted);
  params.done();
  if (confirm) checkRedirects(input.automatic, returnUrl !== undefined);
  else if (returnUrl !== undefined) {
    throw invalidRequest(
      'The parameter `return_url` cannot be passed when creating a PaymentIntent unless `confirm` is set to true.',
      {
        param: 'return_url',
      },
    );
  }
  return () => {
    const made = ledger.create(input);
    return paymentIntentObject(confirm ? ledger.confirm(made.id, undefined, returnUrl !== undefined) : made);
  };
}

function confirmPaymentIntent(params: Params, ledger: Ledger, _clock: Clock, id: string): () => object {
  const paymentMethod = readPaymentMethod(params);
  const hasReturnUrl = params.string('return_url') !== undefined;
  for (const accepted of ['off_session', 'error_on_requires_action']) params.boolean(accepted);
  params.done();
  return () => paymentIntentObject(ledger.confirm(id, paymentMethod, hasReturnUrl));
}

function cancelPaymentIntent(params: Params, ledger: Ledger, _clock: Clock, id: string): () => object {
  const reasons = ['duplicate', 'fraudulent', 'requested_by_customer', 'abandoned'] as const;
  const reason = params.oneOf('cancellation_reason', reasons);
  params.done();
  return () => paymentIntentObject(ledger.cancel(id, reason));
}

function retrievePaymentIntent(params: Params, ledger: Ledger, _clock: Clock, id: string): () => object {
  params.string('client_secret');
  params.done();
  return () => paymentIntentObject(ledger.intent(id));
}

function listPaymentIntents(params: Params, ledger: Ledger): () => object {
  const cut = readCut(params);
  const customer = params.string('customer');
  params.done();
  const wanted = (intent: PaymentIntent) => customer === undefined || intent.customer === customer;
  return () => listObject('/v1/payment_intents', ledger.intents.filter(wanted), cut, paymentIntentObject);
}

function searchPaymentIntents(params: Params, ledger: Ledger, clock: Clock): () => object {
  const matches = readSearch(params.required('query'));
  const limit = readLimit(params);
  params.done();
  return () => {
    const visible = clock.now() - SEARCH_LAG_MS;
    const found = ledger.intents.filter((intent) => intent.createMs <= visible && matches(intent)).reverse();
    const data = found.slice(0, limit).map(paymentIntentObject);
    return {
      object: 'search_result',
      url: '/v1/payment_intents/search',
      has_more: found.length > limit,
      next_page: null,
      data,
    };
  };
}

function createRefund(params: Params, ledger: Ledger): () => object {
  const paymentIntent = params.string('payment_intent');
  const charge = params.string('charge');
  if ((paymentIntent === undefined) === (charge === undefined)) {
    const message =
      'One of the following params should be provided for this request: payment_intent or charge.';
    throw invalidRequest(message, { code: 'parameter_missing' });
  }
  const input: RefundInput = {
    target: paymentIntent === undefined ? { charge: charge ?? '' } : { paymentIntent },
    metadata: params.metadata(),
    ...present('amount', params.integer('amount', 1)),
    ...present('reason', params.oneOf('reason', ['duplicate', 'fraudulent', 'requested_by_customer'])),
  };
  params.done();
  return () => refundObject(ledger.giveBack(input));
}

function listRefunds(params: Params, ledger: Ledger): () => object {
  const cut = readCut(params);
  const paymentIntent = params.string('payment_intent');
  const charge = params.string('charge');
  params.done();
  return () => {
    const wanted = ledger.refunds.filter(
      (refund) =>
        (paymentIntent === undefined || refund.paymentIntent === paymentIntent) &&
        (charge === undefined || refund.charge === charge),
    );
    return listObject('/v1/refunds', wanted, cut, refundObject);
  };
}

function retrieveRefund(params: Params, ledger: Ledger, _clock: Clock, id: string): () => object {
  params.done();
  return () => refundObject(ledger.refund(id));
}

/** Named types, or by default all that the account has enabled (the default since API version 2023-08-16). */
function readMethods(params: Params): Pick<PaymentInput, 'paymentMethodTypes' | 'automatic'> {
  const types = params.strings('payment_method_types');
  const automatic = params.nested('automatic_payment_methods');
  const enabled = automatic?.boolean('enabled');
  const allowRedirects = automatic?.oneOf('allow_redirects', ['always', 'never']) ?? 'always';
  automatic?.done();
  if (types !== undefined && enabled === true) {
    const message =
      'You may only specify one of these parameters: automatic_payment_methods, payment_method_types.';
    throw invalidRequest(message);
  }
  if (types !== undefined || enabled === false) return { paymentMethodTypes: types ?? ['card'] };
  return { paymentMethodTypes: ['card'], automatic: { allowRedirects } };
}

function readPaymentMethod(params: Params): string | undefined {
  const paymentMethod = params.string('payment_method');
  if (paymentMethod !== undefined) knownCard(paymentMethod);
  return paymentMethod;
}

function present<Name extends string, Value>(
  name: Name,
  value: Value | undefined,
): { [Key in Name]: Value } | Record<never, never> {
  return value === undefined ? {} : { [name]: value };
}
