import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { compose } from '../cli/messages/compose.ts';
import type { Contract } from '../shared/contract/agent.ts';
import { MeshError } from '../shared/contract/errors.ts';
import type { Json } from '../shared/contract/json.ts';
import type { Topology } from '../shared/topology.ts';

interface ExampleMessage {
  readonly type: string;
  readonly data: Json;
}

/**
 * A message that an agent handles well, from the `example.json` in its folder. `{{id}}` in a text is another name with every use, so that
 * the message is a new one. A build handles it to learn which code a first message needs; a benchmark, to measure that.
 */
export interface Example extends ExampleMessage {
  /** What has to be handled before. */
  readonly given: readonly ExampleMessage[];
}

/**
 * The example of an agent; undefined where it has none.
 *
 * @throws MeshError `ConfigurationInvalid` for a file that is no example, naming the field; what `pushOf` throws
 */
export async function readExample(agents: string, agent: string): Promise<Example | undefined> {
  const file = join(agents, agent, 'example.json');
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const fail = (field: string, problem: string) =>
    new MeshError('ConfigurationInvalid', `${agent}/example.json: ${field} ${problem}`, {
      field,
      hint: 'It is {"type": "…", "data": {…}}, and where other messages must be handled before, "given": [{"type": "…", "data": {…}}].',
    });
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw fail('the file', `is no JSON: ${(error as Error).message}`);
  }
  const message = (value: unknown, field: string): ExampleMessage => {
    if (typeof value !== 'object' || value === null) throw fail(field || 'the file', 'is not an object');
    const { type, data } = value as Record<string, Json>;
    if (typeof type !== 'string') throw fail(`${field}type`, 'is not a string');
    if (data === undefined) throw fail(`${field}data`, 'is missing');
    return { type, data };
  };
  const own = message(json, '');
  const { given = [] } = json as { given?: unknown };
  if (!Array.isArray(given)) throw fail('given', 'is not a list');
  return { ...own, given: given.map((each, at) => message(each, `given[${at}].`)) };
}

/** A message that no agent knows, for one that has no example: handling it shows what little code it takes to refuse it. */
const UNKNOWN_TYPE = 'example';
export const UNKNOWN_MESSAGE: Example = { type: UNKNOWN_TYPE, data: {}, given: [] };

/** A push of a message to an agent's function: what Pub/Sub sends it. */
export interface Push {
  readonly body: string;
}

export interface PushOptions {
  readonly topology: Topology;
  readonly contract: Contract;
  readonly message: ExampleMessage;
  /** Takes the place of `{{id}}`. */
  readonly id: string;
}

/**
 * The message as a push subscription of the agent delivers it; a command asks for a reply, as a step of a run does.
 *
 * @throws MeshError `UnknownMessage`, `SchemaMismatch` naming the field
 */
export function pushOf({ topology, contract, message, id }: PushOptions): Push {
  const { project, prefix } = topology;
  const recorder = contract.recordsDeadLetters;
  const data = JSON.parse(JSON.stringify(message.data).replaceAll('{{id}}', id)) as Json;
  const now = new Date();
  const { wire } = compose({
    contract,
    type: message.type,
    data,
    prefix,
    now,
    unchecked: recorder || message.type === UNKNOWN_TYPE,
  });
  const command = Object.hasOwn(contract.commands, message.type.replace(`${contract.name}.`, ''));
  const [caller] = topology.functions.find(({ agent }) => agent === contract.name)?.deployment.callers ?? [];
  const subscription = topology.subscriptions.find(
    ({ pushTo, role }) => pushTo === contract.name && role === (recorder ? 'dead-letter' : 'agent'),
  );
  return {
    body: JSON.stringify({
      message: {
        data: Buffer.from(wire.data).toString('base64'),
        attributes: {
          ...wire.attributes,
          ...(command && caller && { replyto: caller, runid: id, stepid: '1' }),
        },
        messageId: id,
        publishTime: now.toISOString(),
      },
      subscription: `projects/${project}/subscriptions/${subscription?.name ?? ''}`,
      deliveryAttempt: 1,
    }),
  };
}
