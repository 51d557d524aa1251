import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { type EmulatorName, emulatorFolder, startEmulator } from '../../test/support/google-emulators.ts';

/** A server under measure, in a process of its own. */
export interface Target {
  /** What the `*_EMULATOR_HOST` variables take. */
  readonly address: string;
  /** `performance.now()` when its process was started. */
  readonly spawnedAt: number;
  /** Resident memory of all its processes, in MB. */
  memory(): number;
  close(): Promise<void>;
}

export type Side = 'ours' | 'google';

/** Whether the side's server is on this machine. */
export function isPresent(side: Side, service: EmulatorName): boolean {
  return side === 'ours' || emulatorFolder(service) !== undefined;
}

export async function startTarget(side: Side, service: EmulatorName): Promise<Target> {
  const spawnedAt = performance.now();
  const { address, pid, close } = await (side === 'ours' ? startOurs(service) : startEmulator(service));
  return { address, spawnedAt, memory: () => residentMegabytes(pid), close };
}

async function startOurs(service: EmulatorName) {
  const program = fileURLToPath(new URL('serve.ts', import.meta.url));
  const child = spawn(process.execPath, [program, service], {
    // It ends when its standard input does: with this process, however that ends.
    stdio: ['pipe', 'pipe', 'inherit'],
    detached: true,
  });
  const { pid } = child;
  if (pid === undefined) throw new Error('our server could not be started');
  return { address: await firstLine(child), pid, close: () => end(child) };
}

async function firstLine({ stdout }: ChildProcess): Promise<string> {
  let text = '';
  for await (const chunk of stdout?.setEncoding('utf8') ?? []) {
    text += chunk;
    if (text.includes('\n')) return text.trim();
  }
  throw new Error('our server ended before it served');
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

/** Both servers lead a process group: Google's is a script that starts a Java. */
function residentMegabytes(group: number): number {
  const lines = execFileSync('ps', ['-eo', 'pgid=,rss='], { encoding: 'utf8' }).split('\n');
  const sizes = lines.map((line) => line.trim().split(/\s+/).map(Number));
  return sizes.reduce((sum, [pgid, rss = 0]) => sum + (pgid === group ? rss : 0), 0) / 1024;
}
