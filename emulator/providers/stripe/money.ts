import { invalidRequest } from './problem.ts';

/**
 * The least amount of a charge, in the currency's smallest unit
 * (https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts); 1 where none is known here.
 */
const SMALLEST: Readonly<Record<string, number>> = {
  usd: 50,
  aud: 50,
  cad: 50,
  chf: 50,
  eur: 50,
  sgd: 50,
  gbp: 30,
  jpy: 50,
  nok: 300,
  sek: 300,
  dkk: 250,
};
const LARGEST = 99_999_999;
const WITHOUT_MINOR_UNIT = new Set(['jpy', 'krw', 'vnd', 'clp', 'xaf', 'xof', 'pyg', 'ugx', 'rwf']);

/** An amount as Stripe writes it in its messages: `$12.50 usd`, `1250 jpy`. */
export function writeAmount(amount: number, currency: string): string {
  const number = WITHOUT_MINOR_UNIT.has(currency) ? String(amount) : (amount / 100).toFixed(2);
  return `${currency === 'usd' ? '$' : ''}${number} ${currency}`;
}

/** Throws `amount_too_small` or `amount_too_large`. */
export function checkAmount(amount: number, currency: string): void {
  const smallest = SMALLEST[currency] ?? 1;
  if (amount < smallest) {
    const message = `Amount must be at least ${writeAmount(smallest, currency)}`;
    throw invalidRequest(message, { code: 'amount_too_small', param: 'amount' });
  }
  if (amount > LARGEST) {
    const message = `Amount must be no more than ${writeAmount(LARGEST, currency)}`;
    throw invalidRequest(message, { code: 'amount_too_large', param: 'amount' });
  }
}

/** The currency in lower case; throws for what is no three-letter code. */
export function checkCurrency(text: string): string {
  if (/^[A-Za-z]{3}$/.test(text)) return text.toLowerCase();
  throw invalidRequest(`Invalid currency: ${text}`, { param: 'currency' });
}
