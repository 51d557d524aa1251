/** A bug, put into the product's source as it is loaded, and never anywhere else. */
export interface Mutation {
  /** What is broken. */
  readonly name: string;
  /** The file, from the root of the checkout. */
  readonly file: string;
  /** What is replaced: must be there exactly once. */
  readonly find: string | RegExp;
  readonly replace: string;
  /** The workload that it shows in, where it shows in few schedules. Left out: all take turns. */
  readonly workload?: string;
  /** The unit test that finds it too; with no workload named it is left to that alone. */
  readonly unit?: string;
}

/** The source with the bug in it. Throws when the source has changed so that the bug no longer fits. */
export function mutate(source: string, { name, file, find, replace }: Mutation): string {
  const pattern = typeof find === 'string' ? find : new RegExp(find.source, `${find.flags}g`);
  const pieces = source.split(pattern);
  const count = typeof pattern === 'string' ? pieces.length - 1 : [...source.matchAll(pattern)].length;
  if (count !== 1)
    throw new Error(`the mutation "${name}" fits ${count} places of ${file}, not one: adapt it to the code`);
  return source.replace(find, replace);
}
