/** What one check found. */
export interface Finding {
  readonly check: string;
  readonly result: 'pass' | 'warn' | 'fail';
  readonly detail: string;
  /** What to do about it; only where something is wrong. */
  readonly fix?: string;
}

export const pass = (check: string, detail: string): Finding => ({ check, result: 'pass', detail });
export const warn = (check: string, detail: string, fix: string): Finding => ({
  check,
  result: 'warn',
  detail,
  fix,
});
export const fail = (check: string, detail: string, fix: string): Finding => ({
  check,
  result: 'fail',
  detail,
  fix,
});

/** What `find` finds; a check that breaks has failed. */
export async function check(
  name: string,
  fix: string,
  find: () => Promise<Finding> | Finding,
): Promise<Finding> {
  try {
    return await find();
  } catch (error) {
    return fail(name, error instanceof Error ? error.message : String(error), fix);
  }
}
