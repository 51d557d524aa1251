import { linkSync, mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A data directory is in use, by another process or by this one. */
export class DataInUse extends Error {
  override readonly name = 'DataInUse';

  constructor(directory: string, pid: number) {
    super(`${directory} is in use by ${pid === process.pid ? 'this process' : `process ${pid}`}`);
  }
}

/** The directories that this process has taken: a lock of its own number is otherwise one that an earlier process left. */
const held = new Set<string>();

/**
 * Takes a directory for this process, making it where there is none; what a dead process left is taken over. Returns how to give it back.
 *
 * @throws DataInUse
 */
export function lockDirectory(directory: string): () => void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const real = realpathSync(directory);
  if (held.has(real)) throw new DataInUse(directory, process.pid);
  const path = join(real, 'lock');
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, String(process.pid), { mode: 0o600 });
  try {
    while (!isLinked(draft, path)) {
      const owner = ownerOf(path);
      if (owner !== process.pid && isAlive(owner)) throw new DataInUse(directory, owner);
      rmSync(path, { force: true });
    }
  } finally {
    rmSync(draft, { force: true });
  }
  held.add(real);
  return () => {
    if (held.delete(real)) rmSync(path, { force: true });
  };
}

/** A link is there with what it holds, or not at all. */
function isLinked(draft: string, path: string): boolean {
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function ownerOf(path: string): number {
  try {
    return Number(readFileSync(path, 'utf8'));
  } catch (error) {
    // It was given back just now.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw error;
  }
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it is there, and somebody else's.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
