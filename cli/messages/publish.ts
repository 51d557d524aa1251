import { MeshError } from '../../shared/contract/errors.ts';
import { Blobs } from '../../shared/kernel/index.ts';
import type { PublishOptions } from '../commands/publish.ts';
import { contractOf, readContracts } from '../contracts.ts';
import { findDeath } from '../dead-letters/dead-letter-lookup.ts';
import type { Io } from '../io.ts';
import { type Format, Printer } from '../output/printer.ts';
import { exitCodeOfRun, paintStatus } from '../runs/run-status.ts';
import { factsOf, failureText, payloadText } from '../runs/run-text.ts';
import { waitForRun } from '../runs/run-wait.ts';
import { findTarget, withPorts } from '../target.ts';
import { compose } from './compose.ts';
import { readJson } from './input.ts';

export interface PublishRequest {
  readonly agent: string;
  readonly type: string;
  readonly data: string | undefined;
}

/** Publishes one message. Returns the exit code. */
export async function publish(
  io: Io,
  format: Format,
  options: PublishOptions,
  request: PublishRequest,
): Promise<number> {
  const target = findTarget(io, options);
  const contract = contractOf(await readContracts(target.local?.agents), request.agent);
  const data = await readJson(request.data, io);
  const { id, attribute, unchecked } = options;
  const { topic, message, wire, blob, runId } = compose({
    contract,
    type: request.type,
    data,
    prefix: target.prefix,
    now: new Date(),
    ...(id !== undefined && { id }),
    ...(attribute && { attributes: attribute }),
    ...(unchecked && { unchecked }),
  });
  if (options.wait && runId === undefined) {
    throw new MeshError('UsageInvalid', `${message.type} starts no workflow: there is no run to wait for`, {
      field: '--wait',
      hint: 'Publish it without --wait.',
    });
  }
  const printer = new Printer(io, format);
  const published = { id: message.id, type: message.type, topic, ...(runId !== undefined && { runId }) };
  return withPorts(target, async (ports) => {
    if (blob) await new Blobs(ports.store, ports.clock).write([blob]);
    await ports.bus.publish(topic, [wire]);
    if (!options.wait || runId === undefined) {
      const next = runId === undefined ? '' : `\nsee: mesh runs show ${runId}`;
      printer.item(
        published,
        ({ dim }) => `published ${message.type} to ${topic}, id ${message.id}${dim(next)}`,
      );
      return 0;
    }
    const run = await waitForRun(ports, runId, {
      timeoutMs: options.timeout,
      orFail: async () => {
        const death = await findDeath(ports.store, message);
        if (death)
          throw new MeshError(death.code, death.message, { hint: `See: mesh dead-letters show ${death.id}` });
      },
    });
    printer.item({ ...published, run: factsOf(run) }, (palette) => {
      const failure = run.failure ? `: ${failureText(run.failure)}` : '';
      const output = run.output === undefined ? '' : `\n${payloadText(run.output, 2)}`;
      return `${run.workflow} ${run.key} ${paintStatus(run.status, palette)}${failure}${output}`;
    });
    return exitCodeOfRun(run.status);
  });
}
