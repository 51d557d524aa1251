import type { Io } from '../io.ts';
import { isLive } from './palette.ts';

/** A line that is redrawn in place on stderr while work goes on: only where a person watches a terminal. */
export class Progress {
  readonly #io: Pick<Io, 'stderr' | 'env'>;
  readonly #live: boolean;
  #shown = '';

  constructor(io: Pick<Io, 'stderr' | 'env'>) {
    this.#io = io;
    this.#live = isLive(io.stderr, io.env);
  }

  update(text: string): void {
    if (!this.#live || text === this.#shown) return;
    this.#shown = text;
    this.#io.stderr.write(`${ERASE}${text.slice(0, (this.#io.stderr.columns || 80) - 1)}`);
  }

  /** A line that stays, above the one that is redrawn. */
  note(text: string): void {
    this.#io.stderr.write(`${this.#shown ? ERASE : ''}${text}\n${this.#shown}`);
  }

  done(): void {
    if (this.#shown) this.#io.stderr.write(ERASE);
    this.#shown = '';
  }
}

const ERASE = '\r\u001b[2K';
