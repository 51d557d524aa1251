import { resolve } from 'node:path';
import { MeshError } from '../../shared/contract/errors.ts';
import type { DiagnoseOptions } from '../commands/diagnose.ts';
import type { Io } from '../io.ts';
import type { TargetOptions } from '../options.ts';
import { EXIT } from '../output/exit-code.ts';
import { type Format, Printer } from '../output/printer.ts';
import { findTarget, type Target, withPorts } from '../target.ts';
import { type Finding, pass, warn } from './check.ts';
import { checkCode, checkContracts, checkNode, checkReachable } from './machine-checks.ts';
import { checkDeadLetters, checkRuns, checkSecrets, checkTopology } from './mesh-checks.ts';

/** Runs every check, and prints what it found. Returns the exit code. */
export async function diagnose(io: Io, format: Format, options: DiagnoseOptions): Promise<number> {
  const findings: Finding[] = [checkNode()];
  const target = targetOr(io, options);
  const agents = options.agents === undefined ? target?.local?.agents : resolve(io.cwd, options.agents);
  const { finding, contracts } = await checkContracts(agents);
  findings.push(finding, await checkCode(agents));
  if (!target) {
    findings.push(warn('mesh', 'none is running here, and no project is named', 'Start one with: mesh up'));
  } else {
    const { local, project, prefix } = target;
    const where = local ? `runs here (process ${local.pid})` : 'is on Google Cloud';
    findings.push(pass('mesh', `${where}, project ${project}, prefix ${prefix}`));
    const addresses = Object.entries(local?.addresses ?? {});
    const reachable = await Promise.all(addresses.map(([name, address]) => checkReachable(name, address)));
    findings.push(...reachable);
    if (reachable.every(({ result }) => result === 'pass')) {
      findings.push(
        ...(await withPorts(target, ({ store, secrets, clock }) =>
          Promise.all([
            checkTopology(target, contracts),
            checkSecrets({ secrets }, contracts),
            checkRuns(store, clock.now()),
            checkDeadLetters(store),
          ]),
        )),
      );
    }
  }
  new Printer(io, format).rows(
    findings,
    [
      {
        title: 'RESULT',
        value: ({ result }, { green, yellow, red }) =>
          ({ pass: green, warn: yellow, fail: red })[result](result),
      },
      { title: 'CHECK', value: (found) => found.check },
      { title: 'FOUND', value: ({ detail }) => detail },
      { title: 'FIX', value: ({ fix }) => fix ?? '' },
    ],
    '',
  );
  return findings.some(({ result }) => result === 'fail') ? EXIT.generic : 0;
}

/** Undefined where there is no mesh to look at. */
function targetOr(io: Io, options: TargetOptions): Target | undefined {
  try {
    return findTarget(io, options);
  } catch (error) {
    if (error instanceof MeshError && error.code === 'MeshNotRunning') return undefined;
    throw error;
  }
}
