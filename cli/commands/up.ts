import { Option } from 'commander';
import { type DataOptions, withData } from '../data-options.ts';
import { formatOf, type OutputOptions, timeoutOption, wholeNumber, withOutput } from '../options.ts';
import type { Registration } from '../registration.ts';

/** What `mesh up` was asked for. */
export interface UpOptions extends OutputOptions, DataOptions {
  readonly sample?: boolean;
  readonly orders: number;
  readonly seed: number;
  readonly chaos?: boolean;
  readonly exit?: boolean;
  readonly bundles?: boolean;
  /** A stack; or true, for the stack of development. */
  readonly enforceIam?: string | true;
  /** Milliseconds. */
  readonly timeout: number;
  readonly project: string;
  readonly prefix: string;
  readonly agents?: string;
  readonly portPubsub: number;
  readonly portFirestore: number;
  readonly portTasks: number;
  readonly portSecrets: number;
  readonly portScheduler: number;
  readonly portKms: number;
  readonly portRun: number;
  readonly portStripe: number;
  readonly portTwilio: number;
  readonly portCalendar: number;
  readonly portShipping: number;
}

const SERVERS = [
  'pubsub',
  'firestore',
  'tasks',
  'secrets',
  'scheduler',
  'kms',
  'run',
  'stripe',
  'twilio',
  'calendar',
  'shipping',
] as const;
const MOST_ORDERS = 100_000;

export function registerUp({ program, io, setExitCode }: Registration): void {
  const command = withData(withOutput(program.command('up')))
    .description('run the whole mesh on this machine: local cloud, topology and agents')
    .option('--sample', 'send sample orders through it, reconcile the books, and print a report')
    .option('--orders <count>', 'how many sample orders', wholeNumber(1, MOST_ORDERS), 200)
    .option(
      '--seed <number>',
      'fixes the catalogue, the orders and the faults',
      wholeNumber(0, 2 ** 32 - 1),
      1,
    )
    .option('--chaos', 'kill agents at random, deliver messages twice, and let providers lose their answers')
    .option('--exit', 'end after the report, with 1 when the books do not balance')
    .option(
      '--bundles',
      'run the bundles that are deployed, built first where they are out of date, not the sources',
    )
    .option(
      '--enforce-iam [stack]',
      'hold every agent, and the services that call it, to the grants that this stack would deploy (default: dev)',
    )
    .addOption(timeoutOption('the longest that the sample orders may take', '5m'))
    .option('--project <id>', 'the project that the local cloud plays', 'demo-mesh')
    .option('--prefix <prefix>', "what the mesh's resource names begin with", 'mesh')
    .option('--agents <directory>', "the agents' folder (default: this checkout's)");
  for (const server of SERVERS) {
    const option = new Option(`--port-${server} <port>`, `the port of ${server} (0: any free one)`);
    command.addOption(option.argParser(wholeNumber(0, 65_535)).default(0));
  }
  command
    .addHelpText(
      'after',
      `
With --enforce-iam each call is refused that the stack's grants do not allow, with what is missing on stderr; what is asked for
from the command line is the operator's, whom nothing is refused. Takes seconds more: the stack's program is run, without the cloud.

Where PUBSUB_EMULATOR_HOST or FIRESTORE_EMULATOR_HOST are set, those emulators are used in place of the local cloud's.

Examples:
  mesh up                                  the mesh, waiting for messages
  mesh up --sample --orders 500 --seed 7   with sample orders
  mesh up --data-dir .mesh/data            the mesh of the last time: its runs go on where they were
  mesh up --sample --chaos --exit --json   with faults; the report as JSON on stdout
  mesh up --sample --enforce-iam prod      with production's grants: the report tells what they deny`,
    )
    .action(async (options: UpOptions) => {
      const { up } = await import('../local/up.ts');
      setExitCode(await up(options, formatOf(options), io));
    });
}
