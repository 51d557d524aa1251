import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { LocalMesh } from '../../cli/local/local-mesh.ts';
import type { Contract } from '../../shared/contract/agent.ts';
import { MeshError } from '../../shared/contract/errors.ts';
import { type Example, pushOf, UNKNOWN_MESSAGE } from '../example.ts';
import { FunctionProcess } from '../function-process.ts';
import { plainCache, RECORDING_FLAGS, withPlainFlags } from './flags.ts';

const RECORDER = fileURLToPath(new URL('./record.cjs', import.meta.url));

/**
 * How many messages are handled before the cache is made, one after the other. The first runs nearly all of the code; a few functions run
 * only for some values (a number that takes more bytes), and the same ones must have run each time. Not so many at once that a provider's
 * rate is reached: which message is then put off is a matter of time.
 */
const STEPS = 50;
/** Together more than a second: times then have been of every kind that there is within one, and windows of a second have ended. */
const STEP_EVERY_MS = 26;

export interface RecordOptions {
  /** The bundle, without a cache. */
  readonly directory: string;
  readonly stage: LocalMesh;
  readonly contract: Contract;
  /** Left out: a message that the agent does not know is handled, which shows less of its code. */
  readonly example: Example | undefined;
}

/** V8's cache of a bundle's code, for the functions that an agent runs for its messages. */
export async function recordCodeCache(options: RecordOptions): Promise<Buffer> {
  const { directory, stage, contract } = options;
  const scratch = mkdtempSync(join(tmpdir(), 'mesh-cache-'));
  const output = join(scratch, 'cache');
  const recorder = new FunctionProcess({
    args: [...RECORDING_FLAGS, RECORDER, directory, output],
    cwd: directory,
    env: stage.envOf(contract.name),
  });
  try {
    for (let step = 0; step < STEPS; step += 1) {
      const paced = wait(STEP_EVERY_MS);
      await handleOne(recorder, step, options);
      if (options.example) checkHandled(recorder.said, contract.name);
      await paced;
    }
    await recorder.ask('write');
    return withPlainFlags(readFileSync(output), plainCache());
  } finally {
    await recorder.end();
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** A message that becomes a dead letter is answered like one that is handled: only the log tells. */
function checkHandled(said: string, agent: string): void {
  const death = said.split('\n').find((line) => line.includes('"message":"dead letter"'));
  if (death === undefined) return;
  const [, code = ''] = /"code":"(\w+)"/.exec(death) ?? [];
  const [, detail = ''] = /"detail":("(?:[^"\\]|\\.)*")/.exec(death) ?? [];
  throw new MeshError(
    'ConfigurationInvalid',
    `${agent}/example.json: its message is not handled: ${code} ${detail}`,
    {
      field: `${agent}/example.json`,
      hint: 'Give an example that the agent handles; "given" says what must be handled before.',
    },
  );
}

async function handleOne(
  recorder: FunctionProcess,
  step: number,
  { stage: { topology }, contract, example }: RecordOptions,
): Promise<void> {
  const { given = [], ...message } = example ?? UNKNOWN_MESSAGE;
  const id = `example-${step}`;
  for (const before of given) await recorder.push(pushOf({ topology, contract, message: before, id }).body);
  await recorder.push(pushOf({ topology, contract, message, id }).body);
}
