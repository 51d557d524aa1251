import type { MeshAccess } from '../../shared/client/mesh-access.ts';
import { factsOf } from '../../shared/client/run-facts.ts';
import { RunHandle } from '../../shared/client/run-handle.ts';
import { SentCommand } from '../../shared/client/sent-command.ts';
import { MeshError } from '../../shared/contract/errors.ts';
import { messageKey } from '../../shared/contract/keys.ts';
import type { Ref } from '../../shared/contract/refs.ts';
import type { PublishOptions } from '../commands/publish.ts';
import { contractOf, readContracts } from '../contracts.ts';
import type { Io } from '../io.ts';
import { type Format, Printer } from '../output/printer.ts';
import { exitCodeOfRun, paintStatus } from '../runs/run-status.ts';
import { failureText, payloadText } from '../runs/run-text.ts';
import { findTarget, waitFor, withMesh } from '../target.ts';
import { type Composed, compose, refIn } from './compose.ts';
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
  const { id, attribute, unchecked, wait = false, at = options.after } = options;
  const ref = refIn(contract, request.type);
  const composed = compose({
    contract,
    type: request.type,
    data,
    prefix: target.prefix,
    now: new Date(),
    keepReply: wait && ref?.kind === 'command',
    ...(id !== undefined && { id }),
    ...(attribute && { attributes: attribute }),
    ...(unchecked && { unchecked }),
    ...(at && { at }),
  });
  if (at && ref?.kind === 'event')
    throw new MeshError('UsageInvalid', 'an event tells what has happened: it is published now', {
      field: '--at',
    });
  if (wait && (!ref || ref.kind === 'event')) {
    throw new MeshError(
      'UsageInvalid',
      `${composed.message.type} is no workflow or command: nothing answers it`,
      {
        field: '--wait',
        hint: 'Publish it without --wait.',
      },
    );
  }
  const printer = new Printer(io, format);
  return withMesh(target, async (mesh) => {
    await mesh.send(composed);
    if (wait && ref && ref.kind !== 'event')
      return composed.runId === undefined
        ? answer(mesh, printer, options, { ref, composed })
        : end(mesh, printer, options, { ref, composed });
    const next = composed.runId === undefined || unchecked ? '' : `\nsee: mesh runs show ${composed.runId}`;
    const { topic, message } = composed;
    printer.item(
      published(composed),
      ({ dim }) => `published ${message.type} to ${topic}, id ${message.id}${dim(next)}`,
    );
    return 0;
  });
}

interface Sent {
  readonly ref: Exclude<Ref, { readonly kind: 'event' }>;
  readonly composed: Composed;
}

function published({ message: { id, type }, topic, runId }: Composed) {
  return { id, type, topic, ...(runId !== undefined && { runId }) };
}

/** Shows the answer to a command. */
async function answer(
  mesh: MeshAccess,
  printer: Printer,
  options: PublishOptions,
  { ref, composed }: Sent,
): Promise<number> {
  const output = await new SentCommand(mesh, ref, composed).answer(waitFor(options));
  const shown = output === undefined ? {} : { output };
  printer.item({ ...published(composed), ...shown }, () =>
    output === undefined ? `${ref.type} is done` : JSON.stringify(output, null, 2),
  );
  return 0;
}

/** Shows the end of a run. */
async function end(
  mesh: MeshAccess,
  printer: Printer,
  options: PublishOptions,
  { ref, composed }: Sent,
): Promise<number> {
  const { runId = '', inputDigest, message } = composed;
  const start = { agent: ref.agent, key: messageKey(message), inputDigest };
  const run = await new RunHandle(mesh, { runId, start }).ended(waitFor(options));
  printer.item({ ...published(composed), run: factsOf(run) }, (palette) => {
    const failure = run.failure ? `: ${failureText(run.failure)}` : '';
    const output = run.output === undefined ? '' : `\n${payloadText(run.output, 2)}`;
    return `${run.workflow} ${run.key} ${paintStatus(run.status, palette)}${failure}${output}`;
  });
  return exitCodeOfRun(run.status);
}
