/**
 * The right to change node_modules, held by one process of a checkout at a time.
 *
 * Each process that wants it writes a file of its own, then looks at the others. It holds the claim when no other file
 * belongs to a living process; otherwise it takes its file back and tries again. Whoever writes second sees the first,
 * so two never hold it at once; and as no two processes share a file name, removing a dead process's file is safe.
 */
import { randomUUID } from 'node:crypto';
import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

/**
 * @param {string} directory where the claims of this checkout are kept
 * @param {(pid: number) => void} onWait called once when another living process, `pid`, holds the claim
 * @returns {Promise<{ alsoHeldBy(pid: number): void, release(): void }>}
 */
export async function claim(directory, onWait) {
  mkdirSync(directory, { recursive: true });
  const name = `${process.pid}-${randomUUID()}`;
  const file = join(directory, name);
  let told = false;
  for (;;) {
    writeFileSync(file, `${process.pid}\n`);
    const holder = otherClaimant(directory, name);
    if (holder === undefined) break;
    rmSync(file, { force: true });
    if (!told) onWait(holder);
    told = true;
    // At random, so that two that saw each other do not meet again for ever.
    await wait(50 + Math.random() * 200);
  }
  const release = () => rmSync(file, { force: true });
  process.once('exit', release);
  return {
    /** Keeps the claim for as long as process `pid` lives too, even when this one is killed. */
    alsoHeldBy: (pid) => appendFileSync(file, `${pid}\n`),
    release() {
      process.off('exit', release);
      release();
    },
  };
}

/** @returns {number | undefined} a living process that has a claim other than `mine` */
function otherClaimant(directory, mine) {
  for (const name of readdirSync(directory)) {
    if (name === mine) continue;
    const pids = pidsIn(join(directory, name), name);
    const living = pids.find(isAlive);
    if (living !== undefined) return living;
    rmSync(join(directory, name), { force: true });
  }
  return undefined;
}

/** The file name opens with the claimant's id, for the instant in which the file exists and is still empty. */
function pidsIn(file, name) {
  let text = '';
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return [];
    throw error;
  }
  return [name.split('-')[0], ...text.split('\n')].map(Number).filter((pid) => pid > 0);
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
