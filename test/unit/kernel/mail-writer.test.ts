import { expect, test } from 'vitest';
import type { Write } from '../../../shared/contract/store.ts';
import { MailWriter } from '../../../shared/kernel/mail-writer.ts';

test('mails that come together are committed together, no more of them than a commit takes', async () => {
  const commits: number[][] = [];
  const commit = async (writes: readonly Write[]) => {
    commits.push(
      writes.map((write) => ('fields' in write ? Buffer.byteLength(String(write.fields.message)) : 0)),
    );
    return [];
  };
  const writer = new MailWriter({ commit });
  // Of three bytes each in UTF-8: as large as a mail may be.
  const message = '頁'.repeat(300_000);
  const written = Array.from({ length: 20 }, (_, n) =>
    writer.write({ kind: 'put', path: `workflows/r/mailbox/${n}`, fields: { message } }),
  );
  await Promise.all(written);
  expect(commits.flat()).toHaveLength(20);
  for (const sizes of commits) expect(sizes.reduce((sum, size) => sum + size)).toBeLessThan(4_000_000);
  expect(commits.length).toBeLessThan(20);
});
