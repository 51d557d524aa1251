/**
 * Whether output is to be plain. Colours are for people: there are none in a log (`CI`), and none where the output is
 * not a terminal unless `FORCE_COLOR` asks for them.
 */
export function isPlain(env: NodeJS.ProcessEnv, terminal: boolean): boolean {
  if (env.NO_COLOR) return true;
  if (env.CI && env.CI !== 'false') return true;
  return !terminal && env.FORCE_COLOR === undefined;
}

/** The environment for a tool, so that it writes as this process does. */
export function toolEnvironment(env: NodeJS.ProcessEnv, plain: boolean): NodeJS.ProcessEnv {
  if (!plain) return env;
  const { FORCE_COLOR: _forced, ...rest } = env;
  return { ...rest, NO_COLOR: '1' };
}

/** How this process writes. */
export const plain = isPlain(process.env, process.stdout.isTTY === true);
