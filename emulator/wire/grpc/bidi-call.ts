import { EventEmitter } from 'node:events';

interface BidiEvents {
  /** A request. */
  data: [request: never];
  /** The caller has sent its last request. */
  end: [];
  /** The call is over: answered, or given up by the caller. */
  close: [];
}

/** What a call whose two sides both stream does with its answers. */
export interface Answers {
  write(answer: unknown): void;
  succeed(): void;
  fail(error: unknown): void;
}

/** A call whose two sides both stream, as its method sees it. */
export class BidiCall extends EventEmitter<BidiEvents> {
  /** A header of the call, by its lower-case name. */
  readonly header: (name: string) => string | undefined;
  readonly #answers: Answers;

  constructor(header: (name: string) => string | undefined, answers: Answers) {
    super();
    this.header = header;
    this.#answers = answers;
  }

  /** Sends an answer; one after the end is dropped. */
  write(answer: unknown): void {
    this.#answers.write(answer);
  }

  /** Ends the call well. */
  end(): void {
    this.#answers.succeed();
  }

  /** Ends the call with an error. */
  fail(error: unknown): void {
    this.#answers.fail(error);
  }
}

/** Serves one method whose two sides both stream. */
export type ServeBidi = (call: BidiCall) => void;
