/** The place of one message among those for the same document, in this instance. */
export interface Lane {
  /** Of the document. */
  readonly path: string;
  /** Whether more wait behind it than had better be handled one by one. */
  crowded(): boolean;
  /** Lets the next begin. */
  pass(): void;
}

/**
 * A batch costs its drainer eight requests whatever it holds (the mark put on and taken off, a look before, after and for inbox records),
 * and one for each message; one by one they cost one each.
 */
const CROWD = 8;

interface Place {
  /** The turn of the last. */
  turn: Promise<void>;
  /** How many have not got their turn. */
  waiting: number;
}

/** Lets those that are for one document take turns within an instance, so that they do not get in each other's way. */
export class Lanes {
  readonly #places = new Map<string, Place>();

  /** Runs `work` when it is its turn; the next begins when that is done, or has passed. */
  async take<Result>(path: string, work: (lane: Lane) => Promise<Result>): Promise<Result> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const place = this.#places.get(path) ?? { turn: Promise.resolve(), waiting: 0 };
    this.#places.set(path, place);
    const before = place.turn;
    place.turn = promise;
    const pass = () => {
      if (place.turn === promise) this.#places.delete(path);
      resolve();
    };
    place.waiting += 1;
    try {
      await before;
      place.waiting -= 1;
      return await work({ path, pass, crowded: () => place.waiting >= CROWD });
    } finally {
      pass();
    }
  }
}
