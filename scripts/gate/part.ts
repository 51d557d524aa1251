import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { plain, toolEnvironment } from './output.ts';

/** One part of the gate: a tool, run from the root of the checkout. */
export interface Part {
  readonly title: string;
  /** The tool's JavaScript file, from the root: it runs under this Node, whichever is on the PATH. */
  readonly program: string;
  readonly args: readonly string[];
}

/** How a part went. */
export interface Verdict {
  readonly title: string;
  readonly passed: boolean;
  readonly ms: number;
}

/** The root of the checkout. */
export const root = fileURLToPath(new URL('../../', import.meta.url));

/** Runs `part` under a heading, its output straight to this process's own. Never rejects: a tool that cannot start has failed. */
export async function runPart(part: Part): Promise<Verdict> {
  process.stdout.write(`\n── ${part.title} ${'─'.repeat(Math.max(0, 60 - part.title.length))}\n`);
  const begun = performance.now();
  const passed = await new Promise<boolean>((resolve) => {
    const child = spawn(process.execPath, [part.program, ...part.args], {
      cwd: root,
      env: toolEnvironment(process.env, plain),
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    child.once('error', (error) => {
      process.stderr.write(`${part.title} could not be started: ${error.message}\n`);
      resolve(false);
    });
    child.once('close', (code) => resolve(code === 0));
  });
  return { title: part.title, passed, ms: performance.now() - begun };
}
