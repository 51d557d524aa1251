import { describe, expect, test } from 'vitest';
import { runProgram } from '../../../cli/program.ts';
import { capture } from '../cli/capture.ts';

async function cost(...args: string[]) {
  const { io, written } = capture();
  const exitCode = await runProgram(['cost', ...args], io);
  return { exitCode, ...written };
}

describe('mesh cost', () => {
  test('prints the line items of the agents of this checkout, and their sum', async () => {
    const { exitCode, stdout, stderr } = await cost('--messages', '10', '--steps', '6');
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toMatch(/Firestore +documents written +815 million +document +\$733\.\d\d/);
    expect(stdout).toMatch(/a million runs +\$\d+\.\d\d/);
  });

  test('takes what the command line says before what the description says', async () => {
    const { stdout } = await cost('{"messagesPerSecond":3,"stepsPerRun":2}', '--steps', '9', '--json');
    expect(JSON.parse(stdout).workload).toMatchObject({ messagesPerSecond: 3, stepsPerRun: 9 });
  });

  test('takes the sizes of the functions from a stack', async () => {
    const { exitCode, stdout, stderr } = await cost('--stack', 'prod', '--messages', '0', '--json');
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    const { fleet, idleUsd } = JSON.parse(stdout);
    expect(fleet.functions).toContainEqual({
      agent: 'orders',
      cpu: 1,
      memoryMiB: 512,
      concurrency: 20,
      minInstances: 1,
    });
    expect(fleet.functions).toContainEqual(expect.objectContaining({ agent: 'payments', minInstances: 0 }));
    expect(fleet).toMatchObject({ secrets: 5 });
    // One instance of 1 vCPU and 512 MiB, idle for 730 hours.
    expect(idleUsd).toBeCloseTo(730 * 3_600 * 2.5e-6 * 1.5);
  });

  test('knows no stack without a file', async () => {
    expect((await cost('--stack', 'moon')).exitCode).toBe(6);
  });

  test.each([
    ['{"messagesPerSecond":-1}', /the workload: messagesPerSecond: .*>=0/],
    ['{"mesages":1}', /the workload: .*"mesages"/],
    ['{"effectShare":2}', /the workload: effectShare: .*<=1/],
    ['5', /the workload: .*object/],
    ['{', /is not JSON/],
  ])('refuses %s, naming what is wrong', async (workload, message) => {
    const { exitCode, stdout, stderr } = await cost(workload);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toMatch(message);
  });
});
