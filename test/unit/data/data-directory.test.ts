import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DataDirectory, exportData, importData } from '../../../emulator/data/data-directory.ts';
import { DataInUse } from '../../../emulator/data/data-lock.ts';
import type { Entry } from '../../../emulator/data/journal.ts';
import type { Kept } from '../../../emulator/data/kept.ts';

/** A server that holds words, each once. */
class Words implements Kept {
  readonly kind: string;
  readonly words = new Set<string>();
  #told: ((entry: Entry) => void) | undefined;

  constructor(kind = 'words') {
    this.kind = kind;
  }

  add(word: string): void {
    this.words.add(word);
    this.#told?.({ word });
  }

  *entries(): Iterable<Entry> {
    for (const word of this.words) yield { word };
  }

  replay({ word }: Entry): void {
    if (typeof word !== 'string') throw new Error('an entry is no word');
    this.words.add(word);
  }

  onEntry(told: ((entry: Entry) => void) | undefined): void {
    this.#told = told;
  }
}

let parent: string;
let directory: string;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'data-'));
  directory = join(parent, 'first');
});
afterEach(() => rmSync(parent, { recursive: true }));

const lines = () => readFileSync(join(directory, 'words.jsonl'), 'utf8').trimEnd().split('\n').length - 1;
/** As after the sudden end of the process that held the directory: what another process finds, with the lock of one that is dead. */
const abandon = () => {
  const left = join(parent, 'left');
  cpSync(directory, left, { recursive: true });
  directory = left;
  writeFileSync(join(directory, 'lock'), String(DEAD));
};
/** No process has this number: it is the largest that Linux gives, plus one. */
const DEAD = 2 ** 22 + 1;

test('what was done is there for the next process, however the last one ended', () => {
  const first = new Words();
  DataDirectory.open(directory, [first]);
  first.add('one');
  first.add('two');
  abandon();
  const second = new Words();
  const data = DataDirectory.open(directory, [second]);
  expect([...second.words]).toEqual(['one', 'two']);
  second.add('three');
  data.close();
  second.add('not kept');
  const third = new Words();
  DataDirectory.open(directory, [third]).close();
  expect([...third.words]).toEqual(['one', 'two', 'three']);
});

test('what is superseded is left out at the next start', () => {
  const first = new Words();
  DataDirectory.open(directory, [first]);
  for (let n = 0; n < 100; n++) first.add('again');
  expect(lines()).toBe(100);
  abandon();
  DataDirectory.open(directory, [new Words()]).close();
  expect(lines()).toBe(1);
});

test('is one process at a time, and one place in a process', () => {
  const data = DataDirectory.open(directory, [new Words()]);
  expect(() => DataDirectory.open(directory, [new Words()])).toThrow(DataInUse);
  expect(() => exportData(directory, [new Words()])).toThrow(`${directory} is in use by this process`);
  data.close();
  writeFileSync(join(directory, 'lock'), '1');
  expect(() => DataDirectory.open(directory, [new Words()])).toThrow(`${directory} is in use by process 1`);
  rmSync(join(directory, 'lock'));
  DataDirectory.open(directory, [new Words()]).close();
});

test('a lock of this very number, from before this process, is taken over', () => {
  mkdirSync(directory);
  writeFileSync(join(directory, 'lock'), String(process.pid));
  DataDirectory.open(directory, [new Words()]).close();
});

test('with an entry that its server does not understand it is refused, naming the file, and given back', () => {
  DataDirectory.open(directory, [new Words()]).close();
  appendFileSync(join(directory, 'words.jsonl'), '{"number":1}\n');
  expect(() => DataDirectory.open(directory, [new Words('others'), new Words()])).toThrow(
    `${join(directory, 'words.jsonl')}: an entry is no word`,
  );
  expect(existsSync(join(directory, 'lock'))).toBe(false);
});

test('what was exported is taken up, of those servers that there is something of', () => {
  const first = new Words();
  first.add('one');
  exportData(join(directory, 'export'), [first]);
  const [second, other] = [new Words(), new Words('others')];
  importData(join(directory, 'export'), [second, other]);
  expect([...second.words]).toEqual(['one']);
  expect(() => importData(join(directory, 'export'), [other])).toThrow('holds none of others.jsonl');
});

test('begins with what was exported, and keeps it; what is there already is not mixed with it', () => {
  const first = new Words();
  first.add('one');
  const importFrom = join(parent, 'export');
  exportData(importFrom, [first]);
  DataDirectory.open(directory, [new Words()], { importFrom }).close();
  const again = new Words();
  expect(() => DataDirectory.open(directory, [again], { importFrom })).toThrow(
    `${directory} holds data already (words.jsonl): nothing is imported into it`,
  );
  DataDirectory.open(directory, [again]).close();
  expect([...again.words]).toEqual(['one']);
});

test('an import that was cut off is not taken for a whole one, and can be begun anew', () => {
  const first = new Words();
  first.add('one');
  const importFrom = join(parent, 'export');
  exportData(importFrom, [first]);
  DataDirectory.open(directory, [new Words()], { importFrom }).close();
  writeFileSync(join(directory, 'importing'), importFrom);
  expect(() => DataDirectory.open(directory, [new Words()])).toThrow('half of an import');
  DataDirectory.open(directory, [new Words()], { importFrom }).close();
  const after = new Words();
  DataDirectory.open(directory, [after]).close();
  expect([...after.words]).toEqual(['one']);
});

test('an import that fails leaves the directory as it was', () => {
  mkdirSync(join(parent, 'export'));
  writeFileSync(join(parent, 'export', 'words.jsonl'), '{"kind":"words","version":1}\n{"number":1}\n');
  const importFrom = join(parent, 'export');
  expect(() => DataDirectory.open(directory, [new Words()], { importFrom })).toThrow('an entry is no word');
  expect(readdirSync(directory)).toEqual([]);
});
