import { Database } from '../../../emulator/firestore/database.ts';
import type { Document } from '../../../emulator/firestore/document.ts';
import { type FieldPath, parseFieldPath } from '../../../emulator/firestore/field-path.ts';
import { fieldsOf, type Plain, plainOf } from '../../../emulator/firestore/plain.ts';
import type { Precondition } from '../../../emulator/firestore/precondition.ts';
import type { Transform } from '../../../emulator/firestore/transform.ts';
import type { Write } from '../../../emulator/firestore/write.ts';
import type { StatusName } from '../../../emulator/wire/status-codes.ts';
import { ManualClock } from '../../../shared/testing/manual-clock.ts';

const DATABASE = 'projects/demo-mesh/databases/(default)';
export const ROOT = `${DATABASE}/documents`;

export function newDatabase(): { database: Database; clock: ManualClock } {
  const clock = new ManualClock();
  return { database: new Database(DATABASE, clock), clock };
}

type PlainFields = { readonly [name: string]: Plain | undefined };

export function set(path: string, fields: PlainFields, precondition?: Precondition): Write {
  return { op: 'set', path, fields: fieldsOf(fields), precondition };
}

export function merge(path: string, fields: PlainFields, mask: readonly string[]): Write {
  return { op: 'set', path, fields: fieldsOf(fields), mask: pathsOf(mask) };
}

export function transform(path: string, ...transforms: Transform[]): Write {
  return { op: 'set', path, fields: new Map(), mask: [], transforms };
}

export function remove(path: string, precondition?: Precondition): Write {
  return { op: 'delete', path, precondition };
}

/** What is stored at a path, as plain data; undefined when nothing is. */
export async function read(database: Database, path: string): Promise<Record<string, Plain> | undefined> {
  const { documents } = await database.get([path]);
  return documents[0] && plainOf(documents[0].fields);
}

export async function documentAt(database: Database, path: string): Promise<Document> {
  const { documents } = await database.get([path]);
  if (!documents[0]) throw new Error(`there is no document ${path}`);
  return documents[0];
}

/** The match for a rejection with a status. */
export function failing(status: StatusName, message?: RegExp | string): object {
  return { status, ...(message === undefined ? {} : { message: expectMessage(message) }) };
}

function expectMessage(message: RegExp | string): unknown {
  return { asymmetricMatch: (actual: unknown) => typeof actual === 'string' && matches(actual, message) };
}

function matches(actual: string, message: RegExp | string): boolean {
  return typeof message === 'string' ? actual.includes(message) : message.test(actual);
}

function pathsOf(names: readonly string[]): FieldPath[] {
  return names.map(parseFieldPath);
}

/** Whether a promise is still open, once all that could settle it without time passing has happened. */
export async function isPending(promise: Promise<unknown>): Promise<boolean> {
  const open = Symbol('open');
  const turn = new Promise((resolve) => setImmediate(() => resolve(open)));
  return (await Promise.race([promise.catch(() => undefined), turn])) === open;
}
