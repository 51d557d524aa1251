import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { Project } from './mesh-up/command.ts';

const order = (orderId: string, quantity = 1) =>
  JSON.stringify({
    orderId,
    customer: { name: 'Ada Example', email: 'ada@example.com', phone: '+12125550123' },
    address: { street: '1 Maple Street', city: 'Salem', postalCode: '12345', country: 'US' },
    lines: [{ sku: 'MUG-01', quantity, unitPrice: 1_200 }],
    currency: 'usd',
    payment: { method: 'pm_card_visa' },
  });

interface Run {
  readonly runId: string;
  readonly key: string;
  readonly status: string;
}

describe('looking after the runs of a mesh', () => {
  const project = new Project();
  const json = async <T>(...args: string[]): Promise<T> => {
    const { exitCode, stdout, stderr } = await project.run([...args, '--json']);
    expect(exitCode, stderr).toBe(0);
    return JSON.parse(stdout) as T;
  };

  beforeAll(async () => {
    await project.up();
    const restock = JSON.stringify({ lines: [{ sku: 'MUG-01', quantity: 10 }] });
    await project.run(['publish', 'inventory', 'restock', restock]);
    // A charge has five seconds: the agent that makes it is started before.
    await project.run(['canary', 'payments', '--timeout', '4m']);
    for (const [id, quantity] of [
      ['fulfilled', 1],
      ['refunded', 90],
    ] as const)
      await project.run(['publish', 'orders', 'fulfill-order', order(id, quantity), '--wait']);
  });
  afterAll(() => project.close());

  test('lists them page by page, by what they are', async () => {
    const { stdout, stderr } = await project.run(['runs', 'list', '--limit', '1', '--json']);
    expect(JSON.parse(stdout)).toMatchObject([{ key: 'refunded', status: 'failed' }]);
    const { nextPage } = JSON.parse(stderr) as { nextPage: string };
    const rest = await project.run(['runs', 'list', '--limit', '1', '--json', '--page', nextPage]);
    expect(JSON.parse(rest.stdout)).toMatchObject([{ key: 'fulfilled', status: 'completed' }]);
    expect(rest.stderr).toBe('');
    const found: Run[] = await json(
      'runs',
      'list',
      '--key',
      'fulfilled',
      '--agent',
      'orders',
      '--since',
      '1h',
    );
    expect(found.map(({ key }) => key)).toEqual(['fulfilled']);
    const wrong = await project.run(['runs', 'list', '--page', nextPage, '--status', 'failed']);
    expect(wrong).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('not one of this list') });
  });

  test('shows the whole history of one', async () => {
    const entries: { e: string }[] = await json('runs', 'history', 'refunded');
    expect(entries[0]).toMatchObject({ e: 'started', input: { orderId: 'refunded' } });
    expect(entries.at(-1)).toMatchObject({ e: 'ended' });
    expect((await project.run(['runs', 'history', 'refunded'])).stdout).toMatch(
      /undo-1 +undo payments\.refund/,
    );
  });

  test('repeats one from a step, having said what is repeated', async () => {
    const args = ['runs', 'rerun', 'fulfilled', '--from', '6'];
    const { stdout, stderr, exitCode } = await project.run([...args, '--wait']);
    expect(stderr).toContain('step 6: call notifications.notify');
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: expect.stringContaining('completed') });
    const shown = await json<{ run: { rerunOf: { from: string } } }>('runs', 'show', 'fulfilled');
    expect(shown.run.rerunOf.from).toBe('6');
    const steps = await json<{ e: string; op?: string }[]>('runs', 'history', 'fulfilled');
    expect(steps.filter(({ op }) => op === 'call')).toHaveLength(6);
  });

  test('refuses to go on from what was undone, to another key, or by a version that is not there', async () => {
    const undone = await project.run(['runs', 'rerun', 'refunded', '--from', '2']);
    expect(undone).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('(StepUndone)') });
    const other = await project.run(['runs', 'rerun', 'fulfilled', '--input', order('another')]);
    expect(other).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('the key "another"') });
    const fork = await project.run(['runs', 'fork', 'refunded', '--version', '99']);
    expect(fork).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('no version 99') });
  });

  test('forks one onto a version that matches, and says that everything undone is done again', async () => {
    const plan = await json<{ repeats: { target: string }[]; begun: boolean }>(
      ...['runs', 'fork', 'refunded', '--version', '1', '--dry-run'],
    );
    expect(plan).toMatchObject({ begun: false, repeats: [{ target: 'payments.charge' }, {}, {}] });
  });

  test('exports one, to be replayed against the code: the first difference is named, and the exit code is 1', async () => {
    const file = join(project.folder, 'fulfilled.json');
    await json('runs', 'export', 'fulfilled', '--to', file);
    expect(await json('workflows', 'check', file)).toMatchObject([{ result: 'pass', key: 'fulfilled' }]);
    expect(await json('workflows', 'check', '--runs')).toEqual([]);
    const changed = readFileSync(file, 'utf8').replaceAll('inventory.reserve', 'inventory.restock');
    writeFileSync(file, changed);
    const { exitCode, stdout } = await project.run(['workflows', 'check', file]);
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(
      /step 2: the history holds call inventory\.restock, the code issued call inventory\.reserve, at .*workflow\.ts:\d+/,
    );
  });

  test('asks before it cancels, purges or redrives many; where nobody can be asked, --yes has to say it', async () => {
    for (const args of [
      ['runs', 'purge', '--older-than', '0s'],
      ['dead-letters', 'redrive', '--all'],
      ['runs', 'cancel'],
    ]) {
      const { exitCode, stdout } = await project.run(args);
      const none = stdout === '' || stdout.includes('There are no');
      expect({ args, exitCode, none }).toEqual({ args, exitCode: args[2] === '--all' ? 0 : 2, none: true });
    }
  });

  test('cancels all that fit', async () => {
    const { stdout } = await project.run([
      'runs',
      'cancel',
      '--workflow',
      'fulfill-order',
      '--yes',
      '--json',
    ]);
    expect(JSON.parse(stdout)).toEqual([]);
  });

  test('purges those that ended, once they have been counted', async () => {
    const counted = await json<{ runs: number }>('runs', 'purge', '--older-than', '0s', '--dry-run');
    expect(counted.runs).toBe(3);
    const purged = await json('runs', 'purge', '--older-than', '0s', '--status', 'failed', '--yes');
    expect(purged).toMatchObject({ runs: 1, dryRun: false });
    const left: Run[] = await json('runs', 'list');
    expect(left.map(({ key }) => key)).toEqual(['fulfilled', 'fulfilled']);
  });

  test('redrives and purges dead letters by what they are', async () => {
    const rubbish = ['publish', 'inventory', 'restock', '{"lines":[]}', '--unchecked'];
    await project.run(rubbish);
    const open = await eventually(async () => {
      const letters = await json<{ id: string }[]>('dead-letters', 'list', '--type', 'inventory.restock');
      expect(letters).toHaveLength(1);
      return letters;
    }, 100);
    const filter = ['--type', 'inventory.restock', '--since', '1h'];
    const asked = await project.run(['dead-letters', 'redrive', ...filter]);
    expect(asked).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('redrive 1 dead letters') });
    expect(await json('dead-letters', 'redrive', ...filter, '--yes')).toMatchObject([{ id: open[0]?.id }]);
    const purged = await json('dead-letters', 'purge', '--older-than', '0s', '--status', 'redriven', '--yes');
    expect(purged).toMatchObject({ deadLetters: 1 });
  });
});
