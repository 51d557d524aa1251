/**
 * The end of an instance: on SIGTERM it takes nothing new, finishes what it has begun, and exits. What it can't finish before it is
 * killed is delivered again (I3).
 */
export class Shutdown {
  readonly #exit: () => void;
  #working = 0;
  #stopping = false;
  #armed = false;

  constructor(exit: () => void) {
    this.#exit = exit;
  }

  get stopping(): boolean {
    return this.#stopping;
  }

  /**
   * Takes over SIGTERM. Called with the first request, after the functions framework has set its own handler, which answers the
   * request in flight with 500 and exits at once: so that one has to go.
   */
  arm(): void {
    if (this.#armed) return;
    this.#armed = true;
    process.removeAllListeners('SIGTERM');
    process.on('SIGTERM', () => this.stop());
  }

  stop(): void {
    this.#stopping = true;
    if (this.#working === 0) this.#exit();
  }

  /** A piece of work begins; call what is returned once its answer is sent. */
  begin(): () => void {
    this.#working += 1;
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      this.#working -= 1;
      if (this.#stopping && this.#working === 0) this.#exit();
    };
  }
}
