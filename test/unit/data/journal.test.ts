import {
  appendFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DataDamaged } from '../../../emulator/data/data-damaged.ts';
import { DataInUse, lockDirectory } from '../../../emulator/data/data-lock.ts';
import { type Entry, Journal, readJournal, writeJournal } from '../../../emulator/data/journal.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'journal-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const path = () => join(directory, 'things.jsonl');
const open = () => {
  const entries: Entry[] = [];
  const journal = Journal.open(path(), { kind: 'things' }, (entry) => entries.push(entry));
  return { journal, entries };
};
/** What is there for whoever opens it next. */
const reopened = () => {
  const { journal, entries } = open();
  journal.close();
  return entries;
};

describe('a journal', () => {
  test('tells the next process what was written into it, in order', () => {
    const { journal, entries } = open();
    expect(entries).toEqual([]);
    // It is not closed: the process may end at any time.
    journal.append({ n: 1 });
    journal.append({ n: 2, text: 'ä\n✓' });
    expect(reopened()).toEqual([{ n: 1 }, { n: 2, text: 'ä\n✓' }]);
    journal.close();
  });

  test('is for its owner alone', () => {
    open().journal.close();
    expect(statSync(path()).mode & 0o777).toBe(0o600);
  });

  test('wherever it is cut off, what is whole before is kept, and can be added to', () => {
    const entries = [{ n: 1 }, { text: 'é✓' }, { deep: { er: [1, 2, 3] } }];
    writeJournal(path(), 'things', entries);
    const whole = readFileSync(path());
    fc.assert(
      fc.property(fc.nat(whole.length), (length) => {
        writeFileSync(path(), whole);
        truncateSync(path(), length);
        const kept = whole.subarray(0, length).toString('latin1').split('\n').length - 1;
        const { journal, entries: found } = open();
        journal.append({ last: true });
        journal.close();
        expect(found).toEqual(entries.slice(0, Math.max(0, kept - 1)));
        expect(reopened()).toEqual([...found, { last: true }]);
      }),
    );
  });

  test('reads lines that are longer than what is read at once', () => {
    const large = { text: 'x'.repeat(3 << 20) };
    writeJournal(path(), 'things', [large, { n: 1 }, large]);
    expect(reopened()).toEqual([large, { n: 1 }, large]);
  });

  test('rewritten, holds just that, and goes on', () => {
    const { journal } = open();
    for (let n = 0; n < 100; n++) journal.append({ n });
    const before = journal.bytes;
    journal.rewrite([{ all: 100 }]);
    expect(journal.bytes).toBeLessThan(before);
    journal.append({ n: 100 });
    expect(journal.bytes).toBe(statSync(path()).size);
    journal.close();
    expect(reopened()).toEqual([{ all: 100 }, { n: 100 }]);
  });

  test('is left as it was by a rewriting that does not get to its end', () => {
    const { journal } = open();
    journal.append({ n: 1 });
    expect(() =>
      journal.rewrite(
        (function* () {
          yield { n: 2 };
          throw new Error('the power went');
        })(),
      ),
    ).toThrow('the power went');
    journal.append({ n: 3 });
    journal.close();
    expect(reopened()).toEqual([{ n: 1 }, { n: 3 }]);
  });

  test('with a line in its midst that is damaged is refused, naming the line, and not touched', () => {
    writeJournal(path(), 'things', [{ n: 1 }]);
    appendFileSync(path(), 'rubbish\n{"n":2}\n');
    const before = readFileSync(path());
    expect(open).toThrow(new DataDamaged(`${path()}, line 3: is not an entry`));
    expect(readFileSync(path())).toEqual(before);
  });

  test('of another kind or version is refused', () => {
    writeFileSync(path(), '{"kind":"things","version":2}\n');
    expect(open).toThrow(`${path()}: is of version 2; this program reads version 1`);
    writeJournal(path(), 'others', []);
    expect(open).toThrow(`${path()}: holds no data of things`);
    expect(() => readJournal(path(), 'things', () => {})).toThrow(DataDamaged);
  });
});

describe('a directory that was taken', () => {
  test('is given to nobody else while its process lives, and to the next one then', () => {
    // The first process that there is lives as long as the machine.
    writeFileSync(join(directory, 'lock'), '1');
    expect(() => lockDirectory(directory)).toThrow(DataInUse);
    writeFileSync(join(directory, 'lock'), '999999999');
    const release = lockDirectory(directory);
    expect(readFileSync(join(directory, 'lock'), 'utf8')).toBe(String(process.pid));
    release();
    lockDirectory(join(directory, 'new', 'one'))();
  });
});
