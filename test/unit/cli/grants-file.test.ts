import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readGrants } from '../../../cli/emulator/grants-file.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'grants-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function grantsOf(text: string) {
  const path = join(folder, 'grants.json');
  await writeFile(path, text);
  return readGrants(path);
}

const GRANT = { member: 'allUsers', role: 'roles/pubsub.viewer', resource: 'projects/p' };

test('a file of grants is read', async () => {
  expect(await grantsOf(JSON.stringify([GRANT, { ...GRANT, role: 'projects/p/roles/own' }]))).toEqual([
    GRANT,
    { ...GRANT, role: 'projects/p/roles/own' },
  ]);
});

test.each([
  ['{', 'JSON'],
  ['{}', 'not a list'],
  ['[null]', '[0].member is not a text'],
  [JSON.stringify([GRANT, { ...GRANT, role: 'viewer' }]), '[1].role is not roles/NAME'],
  [JSON.stringify([{ ...GRANT, resource: 'topics/t' }]), '[0].resource does not begin with projects/'],
])('%s is refused: %s', async (text, why) => {
  await expect(grantsOf(text)).rejects.toMatchObject({
    code: 'ConfigurationInvalid',
    field: '--enforce-iam',
    message: expect.stringContaining(why),
  });
});

test('a file that is not there is told by its name', async () => {
  await expect(readGrants(join(folder, 'none.json'))).rejects.toThrow('none.json');
});
