import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DataDamaged } from './data-damaged.ts';
import { lockDirectory } from './data-lock.ts';
import { type Entry, Journal, readJournal, writeJournal } from './journal.ts';
import type { Kept } from './kept.ts';

export interface DataDirectoryOptions {
  /** Waits for the disk at each change; see `JournalOptions.sync`. */
  readonly sync?: boolean;
}

/** A journal is written anew when it has grown to so many times what it was, and is worth it. */
const GROWTH = 4;
const WORTH_BYTES = 64 << 20;

interface Keeping {
  readonly kept: Kept;
  readonly journal: Journal;
}

const fileOf = (directory: string, { kind }: Kept) => join(directory, `${kind}.jsonl`);

/**
 * Keeps what servers hold in a directory, a journal for each: what they have answered for is there for the next process, however this one
 * ends. The journals are written anew at the start, without what is superseded, and whenever they have grown out of proportion.
 */
export class DataDirectory {
  readonly #keepings: readonly Keeping[];
  readonly #release: () => void;

  private constructor(keepings: readonly Keeping[], release: () => void) {
    this.#keepings = keepings;
    this.#release = release;
  }

  /**
   * Has the servers take up what is in the directory, and keeps all that they do from now on.
   *
   * @throws DataInUse, DataDamaged; nothing is changed then
   */
  static open(directory: string, all: readonly Kept[], { sync = false }: DataDirectoryOptions = {}) {
    const release = lockDirectory(directory);
    const keepings: Keeping[] = [];
    try {
      for (const kept of all) {
        const path = fileOf(directory, kept);
        const journal = Journal.open(path, { kind: kept.kind, sync }, (entry) => replay(kept, entry, path));
        keepings.push({ kept, journal });
      }
    } catch (error) {
      for (const { journal } of keepings) journal.close();
      release();
      throw error;
    }
    for (const { kept, journal } of keepings) {
      journal.rewrite(kept.entries());
      kept.onEntry(append(kept, journal));
    }
    return new DataDirectory(keepings, release);
  }

  close(): void {
    for (const { kept, journal } of this.#keepings) {
      kept.onEntry(undefined);
      journal.close();
    }
    this.#release();
  }
}

/** Writes what servers hold into a directory, for `importData`. What it holds of other servers stays. */
export function exportData(directory: string, all: readonly Kept[]): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  for (const kept of all) writeJournal(fileOf(directory, kept), kept.kind, kept.entries());
}

/**
 * Has servers take up what was exported, each what there is of it.
 *
 * @throws DataDamaged, for a directory that holds nothing of any of them too
 */
export function importData(directory: string, all: readonly Kept[]): void {
  const found = all.filter((kept) => existsSync(fileOf(directory, kept)));
  if (found.length === 0) {
    const kinds = all.map(({ kind }) => `${kind}.jsonl`).join(', ');
    throw new DataDamaged(`${directory} holds none of ${kinds}`);
  }
  for (const kept of found) {
    const path = fileOf(directory, kept);
    readJournal(path, kept.kind, (entry) => replay(kept, entry, path));
  }
}

function append(kept: Kept, journal: Journal): (entry: Entry) => void {
  let base = journal.bytes;
  return (entry) => {
    journal.append(entry);
    if (journal.bytes < Math.max(WORTH_BYTES, GROWTH * base)) return;
    journal.rewrite(kept.entries());
    base = journal.bytes;
  };
}

function replay(kept: Kept, entry: Entry, path: string): void {
  try {
    kept.replay(entry);
  } catch (cause) {
    throw new DataDamaged(`${path}: ${(cause as Error).message}`, { cause });
  }
}
