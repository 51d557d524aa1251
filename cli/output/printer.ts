import type { Io } from '../io.ts';
import { type Palette, paletteFor } from './palette.ts';
import { printable } from './printable.ts';
import { type Column, table } from './table.ts';

export type Format = 'table' | 'json' | 'jsonl';

/** Writes what a command found, in the format that was asked for, and what it has to say besides. */
export class Printer {
  readonly format: Format;
  readonly palette: Palette;
  readonly #io: Pick<Io, 'stdout' | 'stderr'>;

  constructor(io: Pick<Io, 'stdout' | 'stderr' | 'env'>, format: Format) {
    this.#io = io;
    this.format = format;
    this.palette = paletteFor(io.stdout, io.env);
  }

  /** A list: a table, one JSON array, or a JSON document a line. `none` is the note for an empty table. */
  rows<Row>(rows: readonly Row[], columns: readonly Column<Row>[], none: string): void {
    if (this.format === 'json') this.#line(JSON.stringify(rows, null, 2));
    else if (this.format === 'jsonl') for (const row of rows) this.#line(JSON.stringify(row));
    else if (rows.length === 0) this.note(none);
    else this.#line(table(rows, columns, this.palette));
  }

  /** One thing: as `text` draws it, or as JSON. */
  item(value: unknown, text: (palette: Palette) => string): void {
    if (this.format === 'table') this.#line(printable(text(this.palette)));
    else this.#line(JSON.stringify(value, null, this.format === 'json' ? 2 : undefined));
  }

  /** For people: on stderr, so that stdout stays data. */
  note(text: string): void {
    this.#io.stderr.write(`${text}\n`);
  }

  #line(text: string): void {
    this.#io.stdout.write(`${text}\n`);
  }
}
