import type { Form, FormValue } from '../form.ts';
import { invalidRequest } from './problem.ts';

/** https://docs.stripe.com/api/metadata */
const MAX_METADATA_KEYS = 50;
const MAX_METADATA_KEY_LENGTH = 40;
const MAX_METADATA_VALUE_LENGTH = 500;

/**
 * The parameters of one request. Each read checks its value as Stripe does; `done` then refuses what nobody has read, as
 * Stripe refuses parameters that it does not know.
 */
export class Params {
  readonly #form: Form;
  readonly #path: string;
  readonly #read = new Set<string>();

  constructor(form: Form, path = '') {
    this.#form = form;
    this.#path = path;
  }

  string(name: string): string | undefined {
    const value = this.#take(name);
    if (value === undefined || typeof value === 'string') return value || undefined;
    throw invalidRequest(`Invalid string: ${JSON.stringify(value)}`, { param: this.#nameOf(name) });
  }

  required(name: string): string {
    const value = this.string(name);
    if (value !== undefined) return value;
    const param = this.#nameOf(name);
    throw invalidRequest(`Missing required param: ${param}.`, { code: 'parameter_missing', param });
  }

  integer(name: string, atLeast: number): number | undefined {
    const text = this.string(name);
    if (text === undefined) return undefined;
    const param = this.#nameOf(name);
    if (!/^-?[0-9]{1,15}$/.test(text)) {
      throw invalidRequest(`Invalid integer: ${text}`, { code: 'parameter_invalid_integer', param });
    }
    const value = Number(text);
    if (value >= atLeast) return value;
    const message = `This value must be greater than or equal to ${atLeast}.`;
    throw invalidRequest(message, { code: 'parameter_invalid_integer', param });
  }

  boolean(name: string): boolean | undefined {
    const text = this.string(name);
    if (text === undefined) return undefined;
    if (text === 'true' || text === 'false') return text === 'true';
    throw invalidRequest(`Invalid boolean: ${text}`, { param: this.#nameOf(name) });
  }

  oneOf<Value extends string>(name: string, values: readonly Value[]): Value | undefined {
    const text = this.string(name);
    if (text === undefined) return undefined;
    const value = values.find((candidate) => candidate === text);
    if (value !== undefined) return value;
    throw invalidRequest(`Invalid ${name}: must be one of ${values.join(', ')}`, {
      param: this.#nameOf(name),
    });
  }

  strings(name: string): string[] | undefined {
    const value = this.#take(name);
    if (value === undefined) return undefined;
    const items = typeof value === 'string' ? [value] : Object.values(value);
    return items.map((item) => {
      if (typeof item === 'string') return item;
      throw invalidRequest('Invalid array', { param: this.#nameOf(name) });
    });
  }

  nested(name: string): Params | undefined {
    const value = this.#take(name);
    if (value === undefined) return undefined;
    if (typeof value === 'object') return new Params(value, this.#nameOf(name));
    throw invalidRequest('Invalid object', { param: this.#nameOf(name) });
  }

  metadata(): Record<string, string> {
    const value = this.#take('metadata');
    if (value === undefined || value === '') return {};
    if (typeof value === 'string') throw invalidRequest('Invalid hash', { param: 'metadata' });
    const entries = Object.entries(value);
    if (entries.length > MAX_METADATA_KEYS) {
      throw invalidRequest(`Metadata can have up to ${MAX_METADATA_KEYS} keys.`, { param: 'metadata' });
    }
    for (const [key, text] of entries) {
      const fits = typeof text === 'string' && text.length <= MAX_METADATA_VALUE_LENGTH;
      if (fits && key.length <= MAX_METADATA_KEY_LENGTH) continue;
      throw invalidRequest(
        `Metadata keys have up to ${MAX_METADATA_KEY_LENGTH} characters, values are strings of up to ${MAX_METADATA_VALUE_LENGTH}.`,
        { param: `metadata[${key}]` },
      );
    }
    return Object.fromEntries(entries.map(([key, text]) => [key, String(text)]));
  }

  /** Throws `parameter_unknown` for the first parameter that was not read. */
  done(): void {
    const unknown = Object.keys(this.#form).find((name) => !this.#read.has(name));
    if (unknown === undefined) return;
    const param = this.#nameOf(unknown);
    throw invalidRequest(`Received unknown parameter: ${param}`, { code: 'parameter_unknown', param });
  }

  #take(name: string): FormValue | undefined {
    this.#read.add(name);
    return this.#form[name];
  }

  #nameOf(name: string): string {
    return this.#path === '' ? name : `${this.#path}[${name}]`;
  }
}
