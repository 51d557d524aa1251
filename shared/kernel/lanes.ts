/** The place of one message among those for the same document, in this instance. */
export interface Lane {
  /** Of the document. */
  readonly path: string;
  /** Whether others wait behind it. */
  crowded(): boolean;
  /** Lets the next begin. */
  pass(): void;
}

/** Lets those that are for one document take turns within an instance, so that they do not get in each other's way. */
export class Lanes {
  /** The last of each. */
  readonly #last = new Map<string, Promise<void>>();

  /** Runs `work` when it is its turn; the next begins when that is done, or has passed. */
  async take<Result>(path: string, work: (lane: Lane) => Promise<Result>): Promise<Result> {
    const before = this.#last.get(path);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#last.set(path, promise);
    const pass = () => {
      if (this.#last.get(path) === promise) this.#last.delete(path);
      resolve();
    };
    try {
      await before;
      return await work({ path, pass, crowded: () => (this.#last.get(path) ?? promise) !== promise });
    } finally {
      pass();
    }
  }
}
