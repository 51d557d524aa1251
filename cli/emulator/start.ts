import { type Emulator, exportLines, startEmulator } from '../../emulator/emulator.ts';
import { AccessControl } from '../../emulator/iam/access-control.ts';
import { PortTaken } from '../../emulator/local-server.ts';
import type { GoogleServer } from '../../emulator/servers.ts';
import { keepHeapSmall } from '../../emulator/small-heap.ts';
import { MeshError } from '../../shared/contract/errors.ts';
import type { DataOptions } from '../data-options.ts';
import type { Io } from '../io.ts';
import { Stop } from '../local/stop.ts';
import { formatOf, type OutputOptions } from '../options.ts';
import { paletteFor } from '../output/palette.ts';
import { Printer } from '../output/printer.ts';
import { lengthText } from '../output/time.ts';
import { readGrants } from './grants-file.ts';
import { requiredIndexes } from './index-file.ts';
import { dataError, serverDataOf } from './server-data.ts';

/** What `mesh emulator start` was asked for. */
export interface EmulatorStartOptions extends OutputOptions, DataOptions {
  readonly only?: readonly GoogleServer[];
  readonly host: string;
  readonly logRequests?: boolean;
  /** A file of grants, to which the callers are held. */
  readonly enforceIam?: string;
  /** The file of indexes, if it is named. */
  readonly requireIndexes?: string | true;
  readonly port: Readonly<Partial<Record<GoogleServer | 'hub', number>>>;
}

/**
 * Runs local servers of Google's services until it is stopped. The lines for a shell go to stdout, the rest to stderr.
 *
 * @throws MeshError `PortInUse`, `DataInUse`, `DataDamaged`, `ConfigurationInvalid` for a file of indexes or of grants, or for directories of data
 */
export async function startEmulators(io: Io, options: EmulatorStartOptions): Promise<void> {
  const { only, host, logRequests = false, requireIndexes } = options;
  const indexes = requireIndexes === undefined ? undefined : requiredIndexes(requireIndexes);
  const grants = options.enforceIam === undefined ? undefined : await readGrants(options.enforceIam);
  const data = serverDataOf(options, io.cwd);
  keepHeapSmall();
  const stop = new Stop();
  const format = formatOf(options);
  const printer = new Printer(io, format);
  const { green, dim, red } = paletteFor(io.stderr, io.env);
  const emulator = await startEmulator({
    ...(only && { only }),
    host,
    ports: options.port,
    logRequests,
    ...(grants && { access: new AccessControl({ enforce: true, grants }) }),
    ...(indexes && { indexes }),
    ...data,
    onRequest: ({ time, server, method, status, message }) => {
      const fine = status === 'OK' || status < '400';
      const line = `${dim(time)} ${server} ${method} ${fine ? status : red(status)}${message ? ` ${message}` : ''}`;
      printer.note(line);
    },
  }).catch((error: unknown) => {
    throw error instanceof PortTaken ? portInUse(error) : dataError(error);
  });
  try {
    const readyMs = Math.round(performance.now());
    if (format === 'table') io.stdout.write(exportLines(emulator.env));
    else
      printer.item({ readyMs, pid: process.pid, env: emulator.env, addresses: emulator.addresses }, () => '');
    printer.note(`${green('ready')} in ${lengthText(readyMs)}\n${placesText(emulator, dim)}`);
    await stop.requested;
  } finally {
    await emulator
      .stop()
      .catch((error: unknown) => {
        throw dataError(error);
      })
      .finally(() => stop.release());
  }
}

const placesText = ({ addresses }: Emulator, dim: (text: string) => string) =>
  Object.entries(addresses)
    .map(([name, address]) => dim(`  ${name.padEnd(10)} ${address}`))
    .join('\n');

function portInUse({ server, port, message, cause }: PortTaken): MeshError {
  return new MeshError('PortInUse', message, {
    field: `--port ${server}=${port}`,
    hint: `Stop what listens there, or choose another: --port ${server}=${port + 1} (0 takes any free port)`,
    cause,
  });
}
