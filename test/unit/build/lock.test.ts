import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { alone } from '../../../build/lock.ts';

const folder = mkdtempSync(join(tmpdir(), 'mesh-lock-'));
afterAll(() => rmSync(folder, { recursive: true }));
const unexpected = (pid: number) => {
  throw new Error(`waits for ${pid}`);
};

test('work under one file is done one after the other, and the file is gone in the end', async () => {
  const file = join(folder, 'one');
  const waited: number[] = [];
  const order: string[] = [];
  let release = () => {};
  const first = alone(file, unexpected, async () => {
    order.push('first begins');
    await new Promise<void>((resolve) => {
      release = resolve;
    });
    order.push('first ends');
  });
  const second = alone(
    file,
    (pid) => {
      waited.push(pid);
      release();
    },
    async () => {
      order.push('second');
    },
  );
  await Promise.all([first, second]);
  expect(order).toEqual(['first begins', 'first ends', 'second']);
  expect(waited).toEqual([process.pid]);
  expect(existsSync(file)).toBe(false);
});

test('a holder that died is passed over', async () => {
  const file = join(folder, 'two');
  // Beyond the greatest process id that Linux gives (https://man7.org/linux/man-pages/man5/proc_sys_kernel.5.html).
  writeFileSync(file, '99999999');
  expect(await alone(file, unexpected, async () => 'done')).toBe('done');
});

test('work that fails gives the file back', async () => {
  const file = join(folder, 'three');
  await expect(alone(file, unexpected, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(existsSync(file)).toBe(false);
});
