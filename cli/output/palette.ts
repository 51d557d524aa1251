import type { Io, TextSink } from '../io.ts';

type Paint = (text: string) => string;

export interface Palette {
  readonly bold: Paint;
  readonly dim: Paint;
  readonly red: Paint;
  readonly green: Paint;
  readonly yellow: Paint;
  readonly cyan: Paint;
}

const plain: Paint = (text) => text;
const sgr =
  (on: number, off: number): Paint =>
  (text) =>
    `\u001b[${on}m${text}\u001b[${off}m`;

/** Colours for a stream: where it is a terminal, unless NO_COLOR is set (https://no-color.org); always with FORCE_COLOR. */
export function paletteFor(stream: TextSink, env: Io['env']): Palette {
  const forced = env.FORCE_COLOR !== undefined && env.FORCE_COLOR !== '' && env.FORCE_COLOR !== '0';
  const refused = Boolean(env.NO_COLOR) || env.FORCE_COLOR === '0' || env.TERM === 'dumb';
  const coloured = forced || (!refused && stream.isTTY === true);
  return {
    bold: coloured ? sgr(1, 22) : plain,
    dim: coloured ? sgr(2, 22) : plain,
    red: coloured ? sgr(31, 39) : plain,
    green: coloured ? sgr(32, 39) : plain,
    yellow: coloured ? sgr(33, 39) : plain,
    cyan: coloured ? sgr(36, 39) : plain,
  };
}

/** Whether something may be redrawn on the stream: a terminal that a person watches, not a build's log. */
export function isLive(stream: TextSink, env: Io['env']): boolean {
  return stream.isTTY === true && !env.CI && env.TERM !== 'dumb';
}
