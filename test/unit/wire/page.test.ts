import { expect, test } from 'vitest';
import { pageOf } from '../../../emulator/wire/page.ts';

const items = ['a', 'b', 'c', 'ä'];
const page = (pageSize: number, pageToken = '') => pageOf(items, (item) => item, { pageSize, pageToken }, 3);

test('pages follow each other until the last, and are no larger than the largest', () => {
  const first = page(2);
  expect(first.items).toEqual(['a', 'b']);
  expect(page(2, first.nextPageToken)).toEqual({ items: ['c', 'ä'], nextPageToken: '' });
  expect(page(0).items).toHaveLength(3);
});

test.each(['zzz', '!', 'YQ=='])('a token that nobody gave is refused: %s', (token) => {
  expect(() => page(2, token)).toThrow(expect.objectContaining({ status: 'INVALID_ARGUMENT' }));
});

test('a negative size is refused', () => {
  expect(() => page(-1)).toThrow('page_size');
});
