import type { AgentSpec, Contract } from '../contract/agent.ts';
import type { Clock } from '../contract/clock.ts';
import type { Parsed, Schema } from '../contract/schema.ts';
import type { Store } from '../contract/store.ts';
import { StateDocuments, stateDocumentPath } from '../kernel/state.ts';

/** What an agent's state documents hold. */
export type StateOf<Defined extends { readonly spec: AgentSpec }> = Defined['spec'] extends {
  readonly state: { readonly schema: infer S extends Schema };
}
  ? Parsed<S>
  : never;

/** The state documents of a tested agent. They are read and written as handlers read and write them: by the schema of the contract. */
export class TestState<State> {
  readonly #contract: Contract;
  readonly #store: Store;
  readonly #clock: Clock;
  /** Resolves once the documents that are there from the beginning are written. */
  readonly seeded: Promise<unknown>;

  /** @throws MeshError `StateInvalid` for a seed that does not fit the schema */
  constructor(contract: Contract, store: Store, clock: Clock, seeds: Readonly<Record<string, State>> = {}) {
    this.#contract = contract;
    this.#store = store;
    this.#clock = clock;
    const documents = new StateDocuments(contract, Object.keys(seeds), []);
    for (const [key, value] of Object.entries(seeds)) documents.set(key, value);
    this.seeded = store.commit(documents.writes(clock.now()));
  }

  /**
   * The document; undefined where there is none.
   *
   * @throws MeshError `StateInvalid`
   */
  async get(key: string): Promise<State | undefined> {
    return (await this.#documents(key)).get(key) as State | undefined;
  }

  /**
   * Replaces the document.
   *
   * @throws MeshError `StateInvalid`
   */
  async set(key: string, value: State): Promise<void> {
    const documents = await this.#documents(key);
    documents.set(key, value);
    await this.#store.commit(documents.writes(this.#clock.now()));
  }

  async delete(key: string): Promise<void> {
    const documents = await this.#documents(key);
    documents.delete(key);
    await this.#store.commit(documents.writes(this.#clock.now()));
  }

  async #documents(key: string): Promise<StateDocuments> {
    await this.seeded;
    const read = await this.#store.read([stateDocumentPath(this.#contract, key)]);
    return new StateDocuments(this.#contract, [key], read);
  }
}
