import type { Target } from './target.ts';

/** One figure, taken of ours and, where it is on the machine, of Google's: the same program against both. */
export interface Measure {
  readonly figure: string;
  readonly unit: string;
  readonly better: 'more' | 'less';
  /** How many times better ours is to be; absent where the figure is only shown. */
  readonly goal?: number;
  /** What ours alone is held to, in the figure's unit. */
  readonly most?: number;
  /** Google's is not asked, with the reason. */
  readonly oursOnly?: string;
  /** Takes the figure of a server that was just started for it. */
  run(target: Target): Promise<number>;
}

/** The measures of one service. */
export interface Suite {
  readonly service: 'pubsub' | 'firestore';
  readonly measures: readonly Measure[];
}

/** A figure of both sides. */
export interface Result {
  readonly measure: Measure;
  readonly ours: number;
  readonly google: number | undefined;
}

/** How many times better ours is. */
export function ratioOf({ measure, ours, google }: Result): number | undefined {
  if (google === undefined) return undefined;
  return measure.better === 'more' ? ours / google : google / ours;
}

export function isMet(result: Result): boolean {
  const { goal, most } = result.measure;
  const ratio = ratioOf(result);
  const isFastEnough = goal === undefined || ratio === undefined || ratio >= goal;
  return isFastEnough && (most === undefined || result.ours <= most);
}
