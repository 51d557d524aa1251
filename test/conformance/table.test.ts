import { readFile, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { firestoreRows } from './firestore/rows.ts';
import { pubsubRows } from './pubsub/rows.ts';
import { tableOf } from './table.ts';

const DOCUMENT = new URL('../../docs/local-cloud.md', import.meta.url);
const TABLES = [
  ['Pub/Sub', tableOf(pubsubRows, '0.8.20')],
  ['Firestore', tableOf(firestoreRows, '1.19.9')],
] as const;

/** `UPDATE_TABLES=1` writes it. */
test.each(TABLES)('docs/local-cloud.md has the table of what %s is held to', async (service, table) => {
  const text = await readFile(DOCUMENT, 'utf8');
  const [begin, end] = [
    `<!-- conformance of ${service}: begin -->`,
    `<!-- conformance of ${service}: end -->`,
  ];
  const [before = '', rest = ''] = text.split(begin);
  const [, after] = rest.split(end);
  const expected = `${before}${begin}\n\n${table}\n\n${end}${after}`;
  if (process.env.UPDATE_TABLES) await writeFile(DOCUMENT, expected);
  expect(await readFile(DOCUMENT, 'utf8')).toBe(expected);
});
