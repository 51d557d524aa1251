/** The wish to stop: the first Ctrl-C (or SIGTERM, SIGHUP) asks for it, the second ends the process at once. */
export class Stop {
  readonly #abort = new AbortController();
  readonly #listener = (signal: NodeJS.Signals) => this.#onSignal(signal);
  /** Resolves when a stop was asked for. */
  readonly requested: Promise<void>;

  constructor() {
    this.requested = new Promise((resolve) => {
      this.#abort.signal.addEventListener('abort', () => resolve(), { once: true });
    });
    for (const signal of SIGNALS) process.on(signal, this.#listener);
  }

  /** Aborts when a stop was asked for. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Signals do what they always do again. */
  release(): void {
    for (const signal of SIGNALS) process.off(signal, this.#listener);
  }

  #onSignal(signal: NodeJS.Signals): void {
    if (this.#abort.signal.aborted) process.exit(128 + (signal === 'SIGINT' ? 2 : 15));
    this.#abort.abort();
  }
}

const SIGNALS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];
