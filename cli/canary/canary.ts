import { randomUUID } from 'node:crypto';
import type { Contract } from '../../shared/contract/agent.ts';
import { encodeMessage } from '../../shared/contract/envelope.ts';
import { MeshError } from '../../shared/contract/errors.ts';
import { CANARY, type Message } from '../../shared/contract/message.ts';
import { topicOf } from '../../shared/contract/names.ts';
import { childSpan, formatTraceparent } from '../../shared/contract/trace.ts';
import { canaryRecordPath } from '../../shared/kernel/canary.ts';
import { contractOf, readContracts } from '../contracts.ts';
import type { Io } from '../io.ts';
import { formatOf, type OutputOptions, type TargetOptions } from '../options.ts';
import { Printer } from '../output/printer.ts';
import { findTarget, SOURCE, withPorts } from '../target.ts';
import { type Arrival, awaitArrivals, type Flight } from './arrivals.ts';

/** What `mesh canary` was asked for. */
export interface CanaryOptions extends OutputOptions, TargetOptions {
  /** Milliseconds. */
  readonly timeout: number;
}

/**
 * Sends every agent, or those named, a canary, and waits for its effect: the record in the inbox of each, and of each agent that they
 * pass it on to.
 *
 * @throws MeshError `NotFound` for an agent that there is not, `Timeout` naming what has not arrived
 */
export async function canary(io: Io, options: CanaryOptions, names: readonly string[]): Promise<void> {
  const target = findTarget(io, options);
  const contracts = await readContracts(target.local?.agents);
  const chosen = names.length === 0 ? contracts : names.map((name) => contractOf(contracts, name));
  const message = newCanary(new Date());
  const arrivals = await withPorts(target, async (ports) => {
    const wire = encodeMessage(message);
    await Promise.all(chosen.map(({ name }) => ports.bus.publish(topicOf(target.prefix, name), [wire])));
    return awaitArrivals(ports, flightsOf(chosen, message), options.timeout);
  });
  new Printer(io, formatOf(options)).rows(
    arrivals,
    [
      {
        title: 'RESULT',
        value: ({ result }, { green, red }) => (result === 'arrived' ? green : red)(result),
      },
      { title: 'AGENT', value: ({ agent }) => agent },
      { title: 'FROM', value: ({ from }) => from },
      { title: 'AFTER', align: 'right', value: ({ ms }) => (ms === undefined ? '' : `${ms} ms`) },
    ],
    'there are no agents',
  );
  const lost = arrivals.filter(({ result }) => result === 'lost');
  if (lost.length > 0) throw lostError(lost, options.timeout);
}

function newCanary(now: Date): Message {
  const id = `canary-${randomUUID()}`;
  return {
    id,
    source: SOURCE,
    type: CANARY,
    time: now.toISOString(),
    correlationId: id,
    traceparent: formatTraceparent(childSpan(undefined)),
    data: { pass: true },
  };
}

function flightsOf(contracts: readonly Contract[], message: Message): Flight[] {
  return contracts.flatMap(({ name, calls }) => [
    { agent: name, path: canaryRecordPath(name, message) },
    ...calls.map((agent) => ({ agent, from: name, path: canaryRecordPath(agent, message, name) })),
  ]);
}

function lostError(lost: readonly Arrival[], timeoutMs: number): MeshError {
  const ways = lost.map(({ agent, from }) => `${from} to ${agent}`).join(', ');
  return new MeshError('Timeout', `after ${timeoutMs / 1_000} s these have not arrived: ${ways}`, {
    hint: 'Look at the log of the function, and at mesh dead-letters list. A push that is refused shows in the metrics of its subscription.',
  });
}
