import { MeshError } from '../contract/errors.ts';
import type { Secrets } from '../contract/secrets.ts';

/** The Secrets port in memory: the values that a test gives, and their redaction once they were read. */
export class MemorySecrets implements Secrets {
  readonly #values: Map<string, string>;
  readonly #read = new Set<string>();

  constructor(values: Readonly<Record<string, string>> = {}) {
    this.#values = new Map(Object.entries(values));
  }

  /** Gives the secret another value, as a rotation does. */
  set(name: string, value: string): void {
    this.#values.set(name, value);
  }

  async get(name: string): Promise<string> {
    const value = this.#values.get(name);
    if (value === undefined) {
      throw new MeshError('SecretMissing', `the test gives no secret ${JSON.stringify(name)}`, {
        field: name,
        hint: 'Add it to `secrets` of the test.',
      });
    }
    this.#read.add(value);
    return value;
  }

  redact(text: string): string {
    let redacted = text;
    for (const value of this.#read) if (value !== '') redacted = redacted.replaceAll(value, '[redacted]');
    return redacted;
  }
}
