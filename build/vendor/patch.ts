/**
 * A change to the text of a file of a package, made while it is bundled. What it relies on is looked for exactly: a version of the
 * package whose text is another fails the build, instead of being bundled unchanged or by halves.
 */
export interface Patch {
  /** The file, from its package on: `google-gax/build/src/index.js`. */
  readonly file: string;
  /** What the change is good for. */
  readonly why: string;
  /** @throws PatchMismatch when the text is not the one that this was written for */
  readonly apply: (text: string) => string;
}

/** A package's text is not the one that a patch was written for. */
export class PatchMismatch extends Error {
  override readonly name = 'PatchMismatch';
}

/**
 * `text` with every match of `pattern` replaced.
 *
 * @throws PatchMismatch when there are not exactly `times` matches
 */
export function replaceExactly(
  text: string,
  pattern: RegExp | string,
  replacement: (...match: string[]) => string,
  times = 1,
): string {
  const all =
    typeof pattern === 'string' ? new RegExp(pattern.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'), 'g') : pattern;
  const found = [...text.matchAll(all)].length;
  if (found !== times) {
    throw new PatchMismatch(`${found} times, instead of ${times}, it says ${pattern}`);
  }
  return text.replace(all, replacement);
}
