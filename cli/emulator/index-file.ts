import { readFileSync } from 'node:fs';
import type { IndexConfiguration } from '../../emulator/firestore/index/definition.ts';
import { InvalidIndexFile, readIndexFile } from '../../emulator/firestore/index/index-file.ts';
import { MeshError } from '../../shared/contract/errors.ts';

/** Where the Firebase tools have it, in the working directory. */
const FILE = 'firestore.indexes.json';
const FIELD = '--require-indexes';

/**
 * The indexes that `--require-indexes` names: those of a file, `firestore.indexes.json` unless it is named. Without that file there are only
 * the indexes that every field has.
 *
 * @throws MeshError `ConfigurationInvalid`
 */
export function requiredIndexes(option: string | true): IndexConfiguration {
  const path = option === true ? FILE : option;
  try {
    return readIndexFile(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    if (option === true && (error as NodeJS.ErrnoException).code === 'ENOENT') return readIndexFile({});
    const { message } = error as Error;
    throw new MeshError('ConfigurationInvalid', `${path}: ${message}`, {
      field: FIELD,
      hint:
        error instanceof InvalidIndexFile || error instanceof SyntaxError
          ? `Mend the file: it is of the form that "firebase firestore:indexes" prints`
          : `Name a file that can be read: ${FIELD} path/to/${FILE}`,
      cause: error,
    });
  }
}
