import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DataDamaged } from './data-damaged.ts';
import { lockDirectory } from './data-lock.ts';
import { DataRefused } from './data-refused.ts';
import { type Entry, Journal, readJournal, writeJournal } from './journal.ts';
import type { Kept } from './kept.ts';

export interface DataDirectoryOptions {
  /** Waits for the disk at each change; see `JournalOptions.sync`. */
  readonly sync?: boolean;
  /** What was exported, to begin with: the directory must hold nothing yet. */
  readonly importFrom?: string;
}

/** There while an import is written: one that was cut off is told from one that is whole. */
const HALF = 'importing';

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
   * @throws DataInUse, DataDamaged, DataRefused; nothing is changed then
   */
  static open(directory: string, all: readonly Kept[], options: DataDirectoryOptions = {}) {
    const { sync = false, importFrom } = options;
    const release = lockDirectory(directory);
    const keepings: Keeping[] = [];
    try {
      if (importFrom !== undefined) takeImport(directory, importFrom, all);
      else refuseHalf(directory);
      for (const kept of all) {
        const path = fileOf(directory, kept);
        const take = (entry: Entry) => replay(kept, entry, path);
        keepings.push({ kept, journal: Journal.open(path, { kind: kept.kind, sync }, take) });
      }
      for (const { kept } of keepings) kept.replayed?.();
      for (const { kept, journal } of keepings) journal.rewrite(kept.entries());
      rmSync(join(directory, HALF), { force: true });
    } catch (error) {
      for (const { journal } of keepings) journal.close();
      release();
      throw error;
    }
    for (const { kept, journal } of keepings) kept.onEntry(append(kept, journal));
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

/**
 * Writes what servers hold into a directory, for `importData`. What it holds of other servers stays.
 *
 * @throws DataInUse for the data directory of a process that runs
 */
export function exportData(directory: string, all: readonly Kept[]): void {
  const release = lockDirectory(directory);
  try {
    for (const kept of all) writeJournal(fileOf(directory, kept), kept.kind, kept.entries());
  } finally {
    release();
  }
}

/**
 * Has servers take up what was exported, each what there is of it.
 *
 * @throws DataDamaged, DataRefused for a directory that holds nothing of any of them
 */
export function importData(directory: string, all: readonly Kept[]): void {
  takeExported(directory, all);
  for (const kept of all) kept.replayed?.();
}

function takeExported(directory: string, all: readonly Kept[]): void {
  const found = all.filter((kept) => existsSync(fileOf(directory, kept)));
  if (found.length === 0) {
    const kinds = all.map(({ kind }) => `${kind}.jsonl`).join(', ');
    throw new DataRefused(`there is nothing to import: ${directory} holds none of ${kinds}`);
  }
  for (const kept of found) {
    const path = fileOf(directory, kept);
    readJournal(path, kept.kind, (entry) => replay(kept, entry, path));
  }
}

/** An earlier import that was cut off holds nothing that anybody was answered for: it is begun anew. */
function takeImport(directory: string, from: string, all: readonly Kept[]): void {
  const files = readdirSync(directory).filter((name) => name.endsWith('.jsonl'));
  if (files.length > 0 && !existsSync(join(directory, HALF)))
    throw new DataRefused(
      `${directory} holds data already (${files.join(', ')}): nothing is imported into it`,
    );
  takeExported(from, all);
  writeFileSync(join(directory, HALF), from, { mode: 0o600 });
  for (const name of files) rmSync(join(directory, name));
}

function refuseHalf(directory: string): void {
  const half = join(directory, HALF);
  if (!existsSync(half)) return;
  throw new DataRefused(
    `${directory} holds half of an import of ${readFileSync(half, 'utf8')}, which was cut off`,
  );
}

function append(kept: Kept, journal: Journal): (...entries: Entry[]) => void {
  let base = journal.bytes;
  return (...entries) => {
    if (journal.bytes >= Math.max(WORTH_BYTES, GROWTH * base)) {
      journal.rewrite(kept.entries());
      base = journal.bytes;
    }
    // Afterwards: the change may or may not be among the entries already, and it may come twice.
    journal.append(...entries);
  };
}

function replay(kept: Kept, entry: Entry, path: string): void {
  try {
    kept.replay(entry);
  } catch (cause) {
    throw new DataDamaged(`${path}: ${(cause as Error).message}`, { cause });
  }
}
