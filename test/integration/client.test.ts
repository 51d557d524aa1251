import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Project } from './mesh-up/command.ts';

const examples = join(import.meta.dirname, '../../examples');

describe('a program outside of the mesh', () => {
  const project = new Project();
  const env: Record<string, string> = {};

  beforeAll(async () => {
    await project.up(['--agents', examples]);
    const { stdout } = await project.run(['env']);
    for (const [, name = '', value = ''] of stdout.matchAll(/^export (\w+)=(.*)$/gm)) env[name] = value;
  });
  afterAll(() => project.close());

  const program = async () => {
    const child = spawn(process.execPath, [join(examples, 'client', 'refund.ts')], {
      cwd: project.folder,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const [exitCode, stdout, stderr] = await Promise.all([
      new Promise<number | null>((resolve) => child.on('close', resolve)),
      text(child.stdout),
      text(child.stderr),
    ]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    return JSON.parse(stdout) as unknown;
  };

  test('starts runs, signals them, commands agents and gets their answers, knowing nothing but its environment; and ends by itself', async () => {
    const report = {
      asked: 'support',
      outcome: 'paid',
      by: 'kim',
      sameRun: true,
      other: 'RunExists',
      paid: 300,
      refused: 'too_heavy',
      listed: ['completed'],
      large: [{ key: 'by-program', order: 'o-1', amount: 12_000, decidedBy: 'kim' }],
    };
    expect(await program()).toEqual({ ...report, status: 'running' });
  });

  test('mesh runs list and query find runs by their search attributes, as the indexes of production allow, and their answers', async () => {
    const list = async (...conditions: string[]) => {
      const args = conditions.flatMap((condition) => ['--where', condition]);
      const { exitCode, stdout, stderr } = await project.run(['runs', 'list', '--json', ...args]);
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
      return (JSON.parse(stdout) as { key: string }[]).map(({ key }) => key);
    };
    expect(await list('order=o-1')).toEqual(['by-program']);
    expect(await list('order=o-1', 'decidedBy=kim', 'amount=12000')).toEqual(['by-program']);
    expect(await list('amount>=5000', 'amount<20000')).toEqual(['by-program']);
    expect(await list('amount>=12001')).toEqual([]);
    const shown = await project.run(['runs', 'show', 'by-program']);
    expect(shown.stdout).toMatch(/found by +(?=.*order=o-1)(?=.*amount=12000)(?=.*decidedBy=kim)/);
    expect((await project.run(['runs', 'query', 'by-program', 'asked'])).stdout).toBe('[\n  "support"\n]\n');
    expect((await project.run(['runs', 'query', 'by-program'])).stdout).toMatch(/asked +\["support"\]/);
    const unknown = await project.run(['runs', 'query', 'by-program', 'colour']);
    expect(unknown).toMatchObject({ exitCode: 6, stderr: expect.stringContaining('It has answered: asked') });
    const wrong = await project.run(['runs', 'list', '--where', 'colour=red']);
    expect(wrong).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('"colour"') });
    const unclear = await project.run(['runs', 'list', '--where', 'amount']);
    expect(unclear).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("Write 'customer=ada'") });
  });

  test('mesh publish --wait shows the answer to a command, or why it was refused', async () => {
    const publish = (...args: string[]) => project.run(['publish', ...args]);
    const paid = await publish('cashier', 'pay', '{"refundId":"cli","amount":250}', '--wait', '--json');
    expect(paid).toMatchObject({ exitCode: 0, stderr: '' });
    expect(JSON.parse(paid.stdout)).toMatchObject({ type: 'cashier.pay', output: { paid: 250 } });
    const shown = await publish('cashier', 'pay', '{"refundId":"cli","amount":250}', '--wait');
    expect(shown.stdout).toBe('{\n  "paid": 250\n}\n');
    const heavy = '{"shipmentId":"cli","carrier":"road","weightKg":9000}';
    const refused = await publish('carriers', 'offer', heavy, '--wait');
    expect(refused).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('(Rejected)') });
    const invalid = await publish('cashier', 'pay', '{"refundId":"x"}', '--unchecked', '--wait');
    expect(invalid).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('(SchemaMismatch)') });
    const nobody = await publish(
      'refunds',
      'settled',
      '{"refundId":"x","outcome":"paid","by":"kim"}',
      '--wait',
    );
    expect(nobody).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('nothing answers it') });
  });
});
