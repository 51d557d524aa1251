import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

const LOOK_AGAIN_MS = 100;
/** Longer than any work takes: whoever has the number of the process that held the lock is another. */
const FORGOTTEN_MS = 10 * 60_000;

/**
 * Does `work` while no other process does work under the same file. A holder that died is passed over.
 *
 * @param onWait called once, with the process that holds it
 */
export async function alone<R>(
  file: string,
  onWait: (pid: number) => void,
  work: () => Promise<R>,
): Promise<R> {
  mkdirSync(dirname(file), { recursive: true });
  for (let told = false; !take(file); ) {
    const holder = Number(readIfThere(file));
    if (holder && (!isAlive(holder) || ageOf(file) > FORGOTTEN_MS)) rmSync(file, { force: true });
    else {
      if (!told && holder) onWait(holder);
      told ||= holder > 0;
      await wait(LOOK_AGAIN_MS);
    }
  }
  try {
    return await work();
  } finally {
    rmSync(file, { force: true });
  }
}

function take(file: string): boolean {
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function ageOf(file: string): number {
  return Date.now() - (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
