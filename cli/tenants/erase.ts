import { randomUUID } from 'node:crypto';
import { isTenant } from '../../shared/contract/encryption.ts';
import { encodeMessage } from '../../shared/contract/envelope.ts';
import { MeshError } from '../../shared/contract/errors.ts';
import { TERMINATE } from '../../shared/contract/message.ts';
import { topicOf } from '../../shared/contract/names.ts';
import type { Ports } from '../../shared/contract/ports.ts';
import { eraseTenant } from '../../shared/kernel/index.ts';
import { decodeRun, type RunRecord } from '../../shared/workflow/index.ts';
import { confirm } from '../confirm.ts';
import type { Io } from '../io.ts';
import type { TargetOptions } from '../options.ts';
import { type Format, Printer } from '../output/printer.ts';
import { hasEnded } from '../runs/run-status.ts';
import { findTarget, SOURCE, withPorts } from '../target.ts';

export interface EraseOptions extends TargetOptions {
  readonly yes?: boolean;
}

/** Drops the data key of a tenant, and has its runs under way end. */
export async function erase(io: Io, format: Format, options: EraseOptions, tenant: string): Promise<void> {
  if (!isTenant(tenant)) {
    throw new MeshError('UsageInvalid', `${JSON.stringify(tenant)} is no name of a tenant`, {
      field: 'tenant',
      hint: 'It has 1 to 63 letters, digits, dashes and underscores.',
    });
  }
  const target = findTarget(io, options);
  if (!(await confirm(io, `erase all payloads of the tenant ${tenant}, for good`, options.yes))) return;
  const ended = await withPorts(target, async (ports) => {
    await eraseTenant(ports, tenant);
    const runs = await runsOf(ports, tenant);
    await endRuns(ports, target.prefix, runs);
    return runs.length;
  });
  new Printer(io, format).item(
    { tenant, runs: ended },
    () =>
      `the tenant ${tenant} is erased; ${ended} of its runs will be terminated. Instances forget its key within five minutes`,
  );
}

const PAGE = 300;

/** The runs of the tenant that have not ended. */
async function runsOf({ store }: Pick<Ports, 'store'>, tenant: string): Promise<RunRecord[]> {
  const where = [{ field: 'tenant', op: '==', value: tenant }] as const;
  const found = await store.query({ collection: 'workflows', where });
  return found.map(decodeRun).filter((run) => !hasEnded(run));
}

/** Any message ends a run whose history can't be read any more. */
async function endRuns(
  { bus, clock }: Pick<Ports, 'bus' | 'clock'>,
  prefix: string,
  runs: readonly RunRecord[],
): Promise<void> {
  const byAgent = Map.groupBy(runs, ({ agent }) => agent);
  for (const [agent, own] of byAgent) {
    const messages = own.map(({ runId }) => {
      const id = randomUUID();
      const time = new Date(clock.now()).toISOString();
      const data = { reason: 'its tenant was erased', compensate: false };
      return encodeMessage({ id, source: SOURCE, type: TERMINATE, time, correlationId: id, runId, data });
    });
    for (let at = 0; at < messages.length; at += PAGE)
      await bus.publish(topicOf(prefix, agent), messages.slice(at, at + PAGE));
  }
}
