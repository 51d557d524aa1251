import { hasCode } from '../../contract/errors.ts';
import type { Log } from '../../contract/log.ts';
import type { Fields, Store } from '../../contract/store.ts';

/** Other instances write it too: so often a change is begun again. */
const MOST_CONFLICTS = 5;

export interface SharedDocumentOptions<Value> {
  readonly path: string;
  readonly initial: Value;
  readonly encode: (value: Value) => Fields;
  readonly decode: (fields: Fields) => Value;
  /** Left out: the value is this instance's own. */
  readonly store: Store | undefined;
  readonly log: Log;
}

/**
 * A small document that the instances of an agent keep together, as this one last saw it. It is advice, not truth: where the store can't
 * be reached, the instance goes on by what it knows.
 */
export class SharedDocument<Value> {
  readonly #options: SharedDocumentOptions<Value>;
  #value: Value;
  #version: string | undefined;

  constructor(options: SharedDocumentOptions<Value>) {
    this.#options = options;
    this.#value = options.initial;
  }

  get value(): Value {
    return this.#value;
  }

  /** One read. */
  async refresh(): Promise<void> {
    const { store, path, decode, initial, log } = this.#options;
    if (!store) return;
    try {
      const [document] = await store.read([path]);
      this.#value = document ? decode(document.fields) : initial;
      this.#version = document?.version;
    } catch (error) {
      log.warn('the shared state of a provider could not be read', { path, error });
    }
  }

  /**
   * Changes the value by one commit, under the version that this instance knows; where that is not the one stored, reads and asks again.
   * Returns false where `change` wants nothing changed, or others are always faster.
   */
  async change(change: (value: Value) => Value | undefined): Promise<boolean> {
    const { store, path, encode, log } = this.#options;
    for (let conflicts = 0; conflicts <= MOST_CONFLICTS; conflicts++) {
      const next = change(this.#value);
      if (next === undefined) return false;
      try {
        if (store) {
          const fields = encode(next);
          const [version] = await store.commit([
            this.#version === undefined
              ? { kind: 'create', path, fields }
              : { kind: 'put', path, fields, ifVersion: this.#version },
          ]);
          this.#version = version;
        }
        this.#value = next;
        return true;
      } catch (error) {
        if (hasCode(error, 'Conflict') || hasCode(error, 'AlreadyExists')) {
          await this.refresh();
          continue;
        }
        log.warn('the shared state of a provider could not be written', { path, error });
        this.#value = next;
        return true;
      }
    }
    return false;
  }
}
