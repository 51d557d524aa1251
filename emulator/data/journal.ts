import {
  closeSync,
  fdatasyncSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readSync,
  renameSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { DataDamaged } from './data-damaged.ts';

/** One change, or one thing that there is: JSON. */
export type Entry = Readonly<Record<string, unknown>>;

export interface JournalOptions {
  /** What the file holds, written in its first line: `firestore`. */
  readonly kind: string;
  /** Waits for the disk at each entry: what was answered survives the machine's end too, at the price of a disk's speed. */
  readonly sync?: boolean;
}

const VERSION = 1;
const CHUNK_BYTES = 1 << 20;
const NEWLINE = 0x0a;

/**
 * A file of JSON lines that is only added to. An entry is with the operating system before `append` returns: it survives the end of the
 * process, however sudden, and with `sync` the end of the machine. A last line that was cut off by such an end was never answered for,
 * and is dropped.
 */
export class Journal {
  readonly #path: string;
  readonly #options: JournalOptions;
  #file: number;
  #bytes: number;

  private constructor(path: string, options: JournalOptions, file: number, bytes: number) {
    this.#path = path;
    this.#options = options;
    this.#file = file;
    this.#bytes = bytes;
  }

  /**
   * Opens the file, or makes it, having told `replay` of each entry in its order. Only its owner may read it.
   *
   * @throws DataDamaged for a file of another kind or version, or a line in its midst that is no entry
   */
  static open(path: string, options: JournalOptions, replay: (entry: Entry) => void): Journal {
    const file = openSync(path, 'a+', 0o600);
    try {
      const { whole, lines } = readEntries(file, path, options.kind, replay);
      ftruncateSync(file, whole);
      const journal = new Journal(path, options, file, whole);
      if (lines === 0) journal.append(header(options.kind));
      return journal;
    } catch (error) {
      closeSync(file);
      throw error;
    }
  }

  /** Bytes of the file. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The entries of one change: after a sudden end all of them are there, or only the first. Throws Node's error where the file cannot take it, and is then as it was. */
  append(...entries: Entry[]): void {
    let bytes: number;
    try {
      bytes = writeLines(this.#file, entries);
    } catch (error) {
      // Half a line would make one of it and the next that is no entry.
      ftruncateSync(this.#file, this.#bytes);
      throw error;
    }
    this.#bytes += bytes;
    if (this.#options.sync) fdatasyncSync(this.#file);
  }

  /** Puts these entries in place of all that the file holds, at once or not at all. */
  rewrite(entries: Iterable<Entry>): void {
    const bytes = writeJournal(this.#path, this.#options.kind, entries);
    closeSync(this.#file);
    this.#file = openSync(this.#path, 'a+', 0o600);
    this.#bytes = bytes;
  }

  close(): void {
    closeSync(this.#file);
  }
}

/** Writes a whole file of entries, at once or not at all. Returns its bytes. */
export function writeJournal(path: string, kind: string, entries: Iterable<Entry>): number {
  const draft = `${path}.draft`;
  const file = openSync(draft, 'w', 0o600);
  let bytes = 0;
  try {
    bytes += writeLine(file, header(kind));
    for (const entry of entries) bytes += writeLine(file, entry);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(draft, path);
  syncDirectory(dirname(path));
  return bytes;
}

/** Reads a whole file of entries. Throws `DataDamaged`, or Node's error where there is none. */
export function readJournal(path: string, kind: string, replay: (entry: Entry) => void): void {
  const file = openSync(path, 'r');
  try {
    readEntries(file, path, kind, replay);
  } finally {
    closeSync(file);
  }
}

const header = (kind: string): Entry => ({ kind, version: VERSION });

function writeLine(file: number, entry: Entry): number {
  const line = Buffer.from(`${JSON.stringify(entry)}\n`);
  for (let written = 0; written < line.length; ) written += writeSync(file, line, written);
  return line.length;
}

function writeLines(file: number, entries: readonly Entry[]): number {
  let bytes = 0;
  for (const entry of entries) bytes += writeLine(file, entry);
  return bytes;
}

/** Tells of each entry; `whole` is where the last whole line ends. */
function readEntries(file: number, path: string, kind: string, replay: (entry: Entry) => void) {
  let lines = 0;
  let whole = 0;
  for (const line of wholeLines(file)) {
    const entry = entryOf(line, `${path}, line ${lines + 1}`);
    if (lines > 0) replay(entry);
    else if (entry.kind !== kind || entry.version !== VERSION) throw otherKind(path, kind, entry);
    lines += 1;
    whole += line.length + 1;
  }
  return { lines, whole };
}

function* wholeLines(file: number): Generator<Buffer> {
  const chunk = Buffer.alloc(CHUNK_BYTES);
  const held: Buffer[] = [];
  for (let at = 0; ; ) {
    const read = readSync(file, chunk, 0, chunk.length, at);
    if (read === 0) return;
    at += read;
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0 && end < read; end = chunk.indexOf(NEWLINE, start)) {
      yield Buffer.concat([...held.splice(0), chunk.subarray(start, end)]);
      start = end + 1;
    }
    held.push(Buffer.from(chunk.subarray(start, read)));
  }
}

function entryOf(line: Buffer, where: string): Entry {
  try {
    const entry: unknown = JSON.parse(line.toString());
    if (typeof entry === 'object' && entry !== null && !Array.isArray(entry)) return entry as Entry;
  } catch {
    // Not JSON either: told below.
  }
  throw new DataDamaged(`${where}: is not an entry`);
}

function otherKind(path: string, kind: string, { kind: found, version }: Entry): DataDamaged {
  return new DataDamaged(
    found === kind
      ? `${path}: is of version ${version}; this program reads version ${VERSION}`
      : `${path}: holds no data of ${kind}`,
  );
}

function syncDirectory(directory: string): void {
  const file = openSync(directory, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
