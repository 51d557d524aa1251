import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { requiredIndexes } from '../../../cli/emulator/index-file.ts';

const directory = mkdtempSync(join(tmpdir(), 'indexes-'));

function file(content: string): string {
  const path = join(directory, 'firestore.indexes.json');
  writeFileSync(path, content);
  return path;
}

test('the file of indexes is read; without one there are none but those of every field', () => {
  const indexes = {
    indexes: [],
    fieldOverrides: [{ collectionGroup: 'c', fieldPath: 'f', ttl: true, indexes: [] }],
  };
  expect(requiredIndexes(file(JSON.stringify(indexes)))).toEqual(indexes);
  expect(requiredIndexes(true)).toEqual({ indexes: [], fieldOverrides: [] });
});

test.each([
  ['no JSON', 'Mend the file'],
  ['{"indexes": 1}', 'Mend the file'],
])('%s is refused, naming the option', (content, hint) => {
  expect(() => requiredIndexes(file(content))).toThrow(
    expect.objectContaining({
      code: 'ConfigurationInvalid',
      field: '--require-indexes',
      hint: expect.stringContaining(hint),
    }),
  );
});

test('a file that is named must be there', () => {
  expect(() => requiredIndexes(join(directory, 'none.json'))).toThrow(
    expect.objectContaining({ hint: expect.stringContaining('Name a file that can be read') }),
  );
});
