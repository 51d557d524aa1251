import { InvalidArgumentError } from 'commander';
import { withData } from '../data-options.ts';
import type { EmulatorStartOptions } from '../emulator/start.ts';
import { withOutput } from '../options.ts';
import type { Registration } from '../registration.ts';

const SERVERS = ['pubsub', 'firestore', 'tasks', 'secrets', 'scheduler', 'kms'] as const;
type Server = (typeof SERVERS)[number];

export function registerEmulator({ program, io }: Registration): void {
  const emulator = program
    .command('emulator')
    .description("Google's services on this machine, for any program");
  withData(withOutput(emulator.command('start')))
    .description(
      'run Pub/Sub, Firestore, Cloud Tasks, Secret Manager, Cloud Scheduler and Cloud KMS, without a mesh',
    )
    .option('--only <servers>', `some of them: ${SERVERS.join(',')}`, serverList)
    .option('--port <server=port>', 'the port of a server, or of the hub; may be repeated', serverPort, {})
    .option('--host <address>', 'the address to listen on', '127.0.0.1')
    .option(
      '--enforce-iam <file>',
      'refuse at Pub/Sub, Cloud Tasks and Secret Manager what the grants in this JSON file do not allow; callers say who they are by the header x-emulator-principal or a bearer token',
    )
    .option('--log-requests', 'write each request that is answered to stderr, and keep the last 1,000')
    .option(
      '--require-indexes [file]',
      'refuse the Firestore queries that production refuses for want of an index; those there are, are in the file (firestore.indexes.json)',
    )
    .addHelpText(
      'after',
      `
The lines on stdout are for a shell: they point Google's clients here. The hub is the emulator's own door:
GET /healthz, GET /env, GET /clock, POST /clock {"advance":"1h"}, GET /requests, POST /reset {"only":["pubsub"]}, POST /export {"directory":"/tmp/data"}.

Examples:
  mesh emulator start
  mesh emulator start --only pubsub,firestore --port pubsub=8085 --port firestore=8080
  mesh emulator start --only firestore --require-indexes firestore.indexes.json
  mesh emulator start --data-dir .mesh/data
  mesh emulator start --json --log-requests`,
    )
    .action(async (options: EmulatorStartOptions) => {
      const { startEmulators } = await import('../emulator/start.ts');
      await startEmulators(io, options);
    });
}

const isServer = (name: string): name is Server => SERVERS.some((each) => each === name);

function serverList(text: string): Server[] {
  const names = text.split(',').map((name) => name.trim());
  if (names.every(isServer)) return names;
  throw new InvalidArgumentError(`It must be some of ${SERVERS.join(', ')}, with commas between them.`);
}

function serverPort(text: string, before: Readonly<Record<string, number>>): Record<string, number> {
  const [, name = '', port = ''] = /^([a-z]+)=(\d{1,5})$/.exec(text) ?? [];
  if ((isServer(name) || name === 'hub') && Number(port) <= 65_535)
    return { ...before, [name]: Number(port) };
  throw new InvalidArgumentError(
    `It must be a server and its port, such as pubsub=8085; the servers are ${SERVERS.join(', ')} and hub.`,
  );
}
