import { expect, test } from 'vitest';
import type { Write } from '../../../shared/contract/store.ts';
import { STATUS } from '../../../shared/gcp/status.ts';
import { commitError } from '../../../shared/gcp/store-error.ts';

const create: Write = { kind: 'create', path: 'a/b', fields: {} };
const conditional: Write = { kind: 'put', path: 'a/c', fields: {}, ifVersion: '1.000000000' };
const blind: Write = { kind: 'put', path: 'a/d', fields: {} };

test.each([
  [STATUS.ALREADY_EXISTS, 'Document already exists: a/b', [create], 'AlreadyExists'],
  [STATUS.FAILED_PRECONDITION, 'the stored version does not match', [create, conditional], 'Conflict'],
  [STATUS.NOT_FOUND, 'No document to update: a/c', [conditional], 'Conflict'],
  [
    STATUS.NOT_FOUND,
    'The database (default) does not exist for project p',
    [conditional],
    'StoreUnavailable',
  ],
  [STATUS.NOT_FOUND, 'no such project', [create], 'StoreUnavailable'],
  [STATUS.ABORTED, 'Too much contention on these documents', [conditional], 'Conflict'],
  [STATUS.ABORTED, 'Too much contention on these documents', [blind], 'StoreUnavailable'],
  [
    STATUS.INVALID_ARGUMENT,
    "Document 'a/b' cannot be written because its size (1,048,877 bytes) exceeds the maximum allowed size of 1,048,576 bytes.",
    [create],
    'DocumentTooLarge',
  ],
  [STATUS.INVALID_ARGUMENT, 'maximum entity size is 1048576 bytes', [create], 'DocumentTooLarge'],
  [
    STATUS.INVALID_ARGUMENT,
    'The value of property "t" is longer than 1048487 bytes.',
    [create],
    'DocumentTooLarge',
  ],
  [
    STATUS.INVALID_ARGUMENT,
    'Request payload size exceeds the limit: 11534336 bytes.',
    [create],
    'DocumentTooLarge',
  ],
  [STATUS.INVALID_ARGUMENT, 'something else', [create], 'StoreRefused'],
  [STATUS.UNAVAILABLE, 'No connection established', [create], 'StoreUnavailable'],
  [STATUS.DEADLINE_EXCEEDED, 'Deadline exceeded', [create], 'StoreUnavailable'],
  [undefined, 'Could not load the default credentials', [create], 'StoreUnavailable'],
])('status %s, %j means to who committed %j: %s', (code, message, writes, meaning) => {
  const cause = Object.assign(new Error(message), code === undefined ? {} : { code });
  expect(commitError(cause, writes)).toMatchObject({ code: meaning, cause });
});
