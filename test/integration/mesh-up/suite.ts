import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { Project } from './command.ts';

const order = (orderId: string, quantity = 1) => ({
  orderId,
  customer: { name: 'Ada Example', email: 'ada@example.com', phone: '+12125550123' },
  address: { street: '1 Maple Street', city: 'Salem', postalCode: '12345', country: 'US' },
  lines: [{ sku: 'MUG-01', quantity, unitPrice: 1_200 }],
  currency: 'usd',
  payment: { method: 'pm_card_visa' },
});

type Env = () => Readonly<Record<string, string>>;

/**
 * Samples on whatever cloud `env` names once `before` has run: each is the name of a day, its seed and the options that make it.
 * `flags` are for `mesh up`.
 */
export function sampleSuite(
  env: Env,
  days: readonly (readonly [name: string, seed: number, options: readonly string[]])[],
  flags: readonly string[] = [],
): void {
  describe('the sample', () => {
    test.each(days)(
      '%s: every order ends, the books balance, and stdout is one JSON document',
      async (_name, seed, options) => {
        const project = new Project(env);
        try {
          const { exitCode, stdout, stderr } = await project.run([
            ...['up', '--sample', '--orders', '20', '--seed', `${seed}`, '--exit', '--json'],
            // An emulator that ran already keeps what an earlier sample left there.
            ...['--project', `demo-mesh-${seed}`],
            ...flags,
            ...options,
          ]);
          const report = JSON.parse(stdout) as Record<string, unknown>;
          expect(report.checks, stderr).toEqual(
            (report.checks as { ok: boolean }[]).map((check) => ({ ...check, ok: true })),
          );
          expect(report, stderr).toMatchObject({ orders: 20, open: 0, balanced: true, seed });
          expect(exitCode).toBe(0);
          expect(project.hasState()).toBe(false);
        } finally {
          await project.close();
        }
      },
    );
  });
}

export const ORDINARY_DAY = ['on an ordinary day', 3, []] as const;
export const CHAOTIC_DAY = ['with chaos', 4, ['--chaos']] as const;

/** What holds of a running mesh on whatever cloud: `env` says on which, once `before` has run. `flags` are for `mesh up`. */
export function meshSuite(env: Env, flags: readonly string[] = []): void {
  describe('a running mesh', () => {
    const project = new Project(env);
    let mesh: Awaited<ReturnType<Project['up']>>;

    beforeAll(async () => {
      mesh = await project.up(flags);
      const restock = JSON.stringify({ lines: [{ sku: 'MUG-01', quantity: 10 }] });
      await project.run(['publish', 'inventory', 'restock', restock]);
    });
    afterAll(() => project.close());

    const json = async (...args: string[]) => {
      const { exitCode, stdout, stderr } = await project.run([...args, '--json']);
      expect(exitCode, stderr).toBe(0);
      return JSON.parse(stdout) as never;
    };
    /** As `gcloud pubsub topics publish` does. */
    const publishByRest = (topic: string, data: string, attributes: Record<string, string>) =>
      fetch(
        `http://${mesh.state.addresses.pubsub}/v1/projects/${mesh.state.project}/topics/${topic}:publish`,
        {
          method: 'POST',
          // Google's emulator takes no REST request without it.
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ messages: [{ data: Buffer.from(data).toString('base64'), attributes }] }),
        },
      );
    const deadLetters = () =>
      json('dead-letters', 'list') as Promise<{ id: string; code: string; type: string }[]>;

    test('is found by the other commands, and healthy', async () => {
      const findings: { check: string; result: string }[] = await json('diagnose');
      expect(findings.filter(({ result }) => result === 'fail')).toEqual([]);
      expect(findings.map(({ check }) => check)).toContain('topology');
    });

    test('gets a canary to every agent, and from each to those that it calls', async () => {
      const { exitCode, stdout } = await project.run(['canary', '--json']);
      const arrivals = JSON.parse(stdout) as { agent: string; from: string; result: string }[];
      expect(exitCode).toBe(0);
      expect(new Set(arrivals.map(({ result }) => result))).toEqual(new Set(['arrived']));
      expect(arrivals).toContainEqual(expect.objectContaining({ agent: 'payments', from: 'orders' }));
      expect(arrivals).toContainEqual(
        expect.objectContaining({ agent: 'dead-letters', from: 'mesh canary' }),
      );
    });

    test('fulfils an order that is waited for, and shows its run by the id of the order', async () => {
      const { exitCode, stdout } = await project.run(
        ['publish', 'orders', 'fulfill-order', '-', '--wait', '--json'],
        JSON.stringify(order('cli-1')),
      );
      expect(exitCode).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject({
        run: { key: 'cli-1', status: 'completed', output: { total: 1_200 } },
      });
      const shown: { steps: { target: string; status: string }[] } = await json('runs', 'show', 'cli-1');
      expect(shown.steps.map(({ target }) => target)).toContain('payments.charge');
      const listed: { key: string }[] = await json('runs', 'list', '--status', 'completed');
      expect(listed.map(({ key }) => key)).toContain('cli-1');
    });

    test('exits with 1 for an order that fails, and shows what was undone', async () => {
      const { exitCode, stdout } = await project.run([
        'publish',
        'orders',
        'fulfill-order',
        JSON.stringify(order('cli-2', 90)),
        '--wait',
      ]);
      expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: expect.stringContaining('out_of_stock') });
      const { stdout: shown } = await project.run(['runs', 'show', 'cli-2']);
      expect(shown).toMatch(/↩ payments\.refund +done/);
    });

    test('takes an order that a plain publisher sends', async () => {
      await publishByRest('mesh-orders', JSON.stringify(order('rest-1')), { type: 'fulfill-order' });
      await eventually(
        async () =>
          expect(await json('runs', 'show', 'rest-1')).toMatchObject({ run: { status: 'completed' } }),
        100,
      );
    });

    test('reports on the day when its schedule is run, and lists the schedule', async () => {
      const all: { schedule: string; state: string; nextAt: string }[] = await json('schedules', 'list');
      const listed = all.find(({ schedule }) => schedule === 'daily-report');
      expect(listed).toMatchObject({
        schedule: 'daily-report',
        state: 'ENABLED',
        nextAt: expect.stringMatching(/T00:10:00/),
      });
      const today = ['schedules', 'run', 'reports', 'daily-report', '{"day":"today"}', '--wait'];
      expect(await json(...today)).toMatchObject({
        run: { workflow: 'daily-report', status: 'completed', output: { kind: 'report' } },
      });
      expect((await project.run(['schedules', 'run', 'reports', 'weekly'])).exitCode).toBe(6);
    });

    test('reports on the day before when the schedule strikes', async () => {
      const { addresses, project: id } = mesh.state;
      const job = `projects/${id}/locations/us-central1/jobs/mesh-reports-daily-report`;
      const struck = await fetch(`http://${addresses.scheduler}/v1/${job}:run`, { method: 'POST' });
      expect(await struck.json()).toMatchObject({ name: job, status: {} });
      const daysAgo = ({ createdAt, output }: { createdAt: string; output?: { day: string } }) =>
        output && (Date.parse(createdAt.slice(0, 10)) - Date.parse(output.day)) / 86_400_000;
      await eventually(async () => {
        const runs: Parameters<typeof daysAgo>[0][] = await json(
          ...['runs', 'list', '--workflow', 'daily-report', '--status', 'completed'],
        );
        expect(runs.map(daysAgo)).toContain(1);
      }, 100);
    });

    test('makes a dead letter of rubbish, original intact, that is shown and can be redriven', async () => {
      await publishByRest('mesh-orders', 'rubbish', { type: 'fulfill-order' });
      const found = await eventually(async () => {
        const letter = (await deadLetters()).find(({ code }) => code === 'NotJson');
        expect(letter).toBeDefined();
        return letter;
      }, 100);
      const id = found?.id ?? '';
      const shown: { original: { text: string } } = await json('dead-letters', 'show', id);
      expect(shown.original.text).toBe('rubbish');

      expect(await json('dead-letters', 'redrive', id)).toMatchObject([
        { id, topic: 'mesh-orders', redrives: 1 },
      ]);
      expect(await json('dead-letters', 'show', id)).toMatchObject({ status: 'redriven', redrives: 1 });
      const again = await project.run(['dead-letters', 'redrive', id]);
      expect(again).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('redriven already') });
      await eventually(
        async () => expect((await deadLetters()).filter(({ code }) => code === 'NotJson')).toHaveLength(2),
        100,
      );
    });

    test('says what is wrong with a message before it is sent', async () => {
      const { exitCode, stderr } = await project.run(['publish', 'inventory', 'restock', '{"lines":[]}']);
      expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: expect.stringContaining('lines') });
    });

    test.each([
      [['runs', 'show', 'nobody'], 6],
      [['dead-letters', 'show', 'nothing'], 6],
      [['publish', 'nobody', 'anything', '{}'], 6],
      [['runs', 'cancel', 'cli-1'], 1],
    ])('mesh %j exits with %i', async (args, exitCode) => {
      expect((await project.run(args)).exitCode).toBe(exitCode);
    });

    test('is the only one in its project', async () => {
      const { exitCode, stderr } = await project.run(['up']);
      expect({ exitCode, stderr }).toEqual({
        exitCode: 2,
        stderr: expect.stringContaining('running here already'),
      });
    });

    test('ends with Ctrl-C: agents, servers and state file are gone', async () => {
      mesh.child.kill('SIGINT');
      expect((await mesh.ended).exitCode).toBe(0);
      expect(project.hasState()).toBe(false);
      const { exitCode, stderr } = await project.run(['runs', 'list', '--json']);
      expect(exitCode).toBe(2);
      expect(JSON.parse(stderr)).toMatchObject({ code: 'MeshNotRunning' });
    });
  });
}
