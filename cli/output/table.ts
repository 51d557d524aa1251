import { stripVTControlCharacters } from 'node:util';
import type { Palette } from './palette.ts';
import { printable } from './printable.ts';

export interface Column<Row> {
  readonly title: string;
  readonly value: (row: Row, palette: Palette) => string;
  readonly align?: 'left' | 'right';
}

/** Columns under bold titles, as wide as they need, two spaces apart. Nothing is cut: output is piped and searched. */
export function table<Row>(rows: readonly Row[], columns: readonly Column<Row>[], palette: Palette): string {
  const cells = rows.map((row) => columns.map(({ value }) => oneLine(value(row, palette))));
  const widths = columns.map(({ title }, at) =>
    Math.max(title.length, ...cells.map((line) => widthOf(line[at] ?? ''))),
  );
  const draw = (line: readonly string[]) =>
    line
      .map((cell, at) => {
        const room = ' '.repeat((widths[at] ?? 0) - widthOf(cell));
        return columns[at]?.align === 'right' ? room + cell : cell + room;
      })
      .join('  ')
      .trimEnd();
  const titles = columns.map(({ title }) => palette.bold(title));
  return [titles, ...cells].map(draw).join('\n');
}

const widthOf = (text: string) => [...stripVTControlCharacters(text)].length;
/** What came from outside can't break the table, nor steer the terminal. */
const oneLine = (text: string) => printable(text.replaceAll(/\s*[\r\n]+\s*/g, ' '));
