import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
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

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'data-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const lines = () => readFileSync(join(directory, 'words.jsonl'), 'utf8').trimEnd().split('\n').length - 1;
/** As after the sudden end of the process that held the directory. */
const abandon = () => rmSync(join(directory, 'lock'));

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

test('is one process at a time', () => {
  const data = DataDirectory.open(directory, [new Words()]);
  appendFileSync(join(directory, 'lock'), '');
  const path = join(directory, 'lock');
  rmSync(path);
  appendFileSync(path, '1');
  expect(() => DataDirectory.open(directory, [new Words()])).toThrow(DataInUse);
  data.close();
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
