import { readFile, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { pubsubRows } from './pubsub/rows.ts';
import { tableOf } from './table.ts';

const DOCUMENT = new URL('../../docs/local-cloud.md', import.meta.url);
const [begin, end] = ['<!-- conformance of Pub/Sub: begin -->', '<!-- conformance of Pub/Sub: end -->'];

/** `UPDATE_TABLES=1` writes it. */
test('docs/local-cloud.md has the table of what Pub/Sub is held to', async () => {
  const text = await readFile(DOCUMENT, 'utf8');
  const [before = '', rest = ''] = text.split(begin);
  const [, after] = rest.split(end);
  const expected = `${before}${begin}\n\n${tableOf(pubsubRows)}\n\n${end}${after}`;
  if (process.env.UPDATE_TABLES) await writeFile(DOCUMENT, expected);
  expect(await readFile(DOCUMENT, 'utf8')).toBe(expected);
});
