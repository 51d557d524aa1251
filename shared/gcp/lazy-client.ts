/** What the generated clients have in common. */
interface Client {
  /** Connects and authenticates. */
  initialize(): Promise<unknown>;
  close(): Promise<void>;
}

/**
 * A client that is made on first use: a cold start loads only what its message needs. One that could not be made (no credentials) is
 * made anew by the next call, as the generated clients keep their first failure for good.
 */
export class LazyClient<C extends Client> {
  readonly #make: () => Promise<C>;
  #client: Promise<C> | undefined;

  constructor(make: () => Promise<C>) {
    this.#make = make;
  }

  async get(): Promise<C> {
    this.#client ??= this.#open();
    const opening = this.#client;
    try {
      return await opening;
    } catch (error) {
      if (this.#client === opening) this.#client = undefined;
      throw error;
    }
  }

  async #open(): Promise<C> {
    const client = await this.#make();
    // Awaited here: the streaming methods start it without catching, and a rejection there would end the process.
    await client.initialize();
    return client;
  }

  /** Closes the client, if there is one. The next call makes another. */
  async close(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    await client?.then(
      (open) => open.close(),
      () => undefined,
    );
  }
}
