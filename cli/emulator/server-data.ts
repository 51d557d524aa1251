import { resolve } from 'node:path';
import { DataDamaged } from '../../emulator/data/data-damaged.ts';
import { DataInUse } from '../../emulator/data/data-lock.ts';
import { DataRefused } from '../../emulator/data/data-refused.ts';
import type { ServerDataOptions } from '../../emulator/data/server-data.ts';
import { MeshError } from '../../shared/contract/errors.ts';
import type { DataOptions } from '../data-options.ts';

/**
 * What the options mean, from the working directory.
 *
 * @throws MeshError `ConfigurationInvalid` for a `--sync` of nothing
 */
export function serverDataOf(options: DataOptions, cwd: string): ServerDataOptions {
  const { dataDir, sync, import: importFrom, exportOnExit } = options;
  if (sync && dataDir === undefined)
    throw new MeshError('ConfigurationInvalid', 'there is nothing to wait for the disk with', {
      field: '--sync',
      hint: 'Name the directory too: --data-dir .mesh/data --sync',
    });
  return {
    ...(dataDir !== undefined && { dataDir: resolve(cwd, dataDir) }),
    ...(sync && { sync }),
    ...(importFrom !== undefined && { importFrom: resolve(cwd, importFrom) }),
    ...(exportOnExit !== undefined && { exportOnExit: resolve(cwd, exportOnExit) }),
  };
}

/** What went wrong with the data, as it is told to people; anything else as it is. */
export function dataError(error: unknown): unknown {
  if (error instanceof DataInUse)
    return new MeshError('DataInUse', error.message, {
      hint: 'Stop that process, or name another directory.',
      cause: error,
    });
  if (error instanceof DataDamaged)
    return new MeshError('DataDamaged', error.message, {
      hint: 'Put the file back from a copy, or move it away: what it held is then not there. Nothing was changed.',
      cause: error,
    });
  if (error instanceof DataRefused)
    return new MeshError('ConfigurationInvalid', error.message, {
      field: '--data-dir, --import, --export-on-exit',
      hint: 'Name another directory, or remove the one that is named and begin anew.',
      cause: error,
    });
  return isOfFiles(error)
    ? new MeshError('ConfigurationInvalid', error.message, {
        field: '--data-dir, --import, --export-on-exit',
        hint: 'Name a directory that can be read and written.',
        cause: error,
      })
    : error;
}

/** Node's error of a file or directory that cannot be had. */
function isOfFiles(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error && 'path' in error;
}
