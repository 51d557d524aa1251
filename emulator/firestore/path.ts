import { StatusError } from '../wire/status.ts';
import { compareUtf8, exceedsUtf8 } from './utf8.ts';

/**
 * Documents are named within their database by their path: `orders/o1`, `orders/o1/items/i2`. A full resource name is
 * `projects/{project}/databases/{database}/documents/{path}`.
 * Rules of names: https://cloud.google.com/firestore/quotas#collections_documents_and_fields
 */
export interface ResourceName {
  /** `projects/{project}/databases/{database}` */
  readonly database: string;
  /** A document's path; empty for the root of the database. */
  readonly path: string;
}

/** Bytes of a collection id or document id. */
const MAX_ID_BYTES = 1500;
/** Bytes of a document's name. */
const MAX_NAME_BYTES = 6 * 1024;
/** Collections nested in one path. */
const MAX_COLLECTION_DEPTH = 100;

/** https://cloud.google.com/firestore/docs/manage-databases#database_id */
const DATABASE_ID = /^(?:\(default\)|[a-z][a-z0-9-]{2,61}[a-z0-9])$/;

/** The form that the id of a database has, in words. */
export const DATABASE_ID_FORM =
  '"(default)", or 4 to 63 of a-z, 0-9 and hyphens, beginning with a letter and not ending with a hyphen';

export function isDatabaseId(id: string): boolean {
  return DATABASE_ID.test(id);
}

/** The database of `projects/{project}/databases/{database}`. @throws StatusError INVALID_ARGUMENT */
export function parseDatabaseName(name: string): { project: string; id: string } {
  const [projects, project, databases, id, ...rest] = name.split('/');
  if (projects !== 'projects' || !project || databases !== 'databases' || !id || rest.length > 0)
    throw new StatusError(
      'INVALID_ARGUMENT',
      `Database name "${name}" is not of the form "projects/{project}/databases/{database}".`,
    );
  return { project, id };
}

/**
 * Takes a full name apart. The path may be anything yet: `checkDocumentPath` judges it.
 * @throws StatusError INVALID_ARGUMENT
 */
export function parseName(name: string): ResourceName {
  const [projects, project, databases, id, documents] = name.split('/', 5);
  if (projects !== 'projects') throw invalid(`Resource name "${name}" lacks "projects" at index 0.`);
  const database = `projects/${project}/databases/${id}`;
  if (!project || databases !== 'databases' || !id || documents !== 'documents')
    throw invalid(
      `Resource name "${name}" is not of the form "projects/{project}/databases/{database}/documents/…".`,
    );
  return { database, path: name.slice(database.length + '/documents/'.length) };
}

/** @throws StatusError INVALID_ARGUMENT when `path` does not name a document. `root` is shown before it in the message. */
export function checkDocumentPath(path: string, root: string): void {
  const ids = path.split('/');
  const name = `${root}/${path}`;
  const offset = name.length - path.length;
  let index = offset;
  for (const [position, id] of ids.entries()) {
    if (id === '') throw invalid(`Document name "${name}" lacks a resource id at index ${index}.`);
    if (id === '.' || id === '..')
      throw invalid(`Document name "${name}" contains a resource id "${id}" at index ${index}.`);
    if (position % 2 === 0) checkCollectionId(id);
    else if (isReserved(id) && !NUMERIC_ID.test(id))
      throw invalid(`Resource id "${id}" is invalid because it is reserved.`);
    checkIdLength(id);
    index += id.length + 1;
  }
  if (ids.length % 2 === 1) throw invalid(`Document name "${name}" lacks "/" at index ${name.length}.`);
  if (ids.length > 2 * MAX_COLLECTION_DEPTH)
    throw invalid(`Document name "${name}" is nested deeper than ${MAX_COLLECTION_DEPTH} collections.`);
  if (!path.isWellFormed()) throw invalid(`The document name "${path.toWellFormed()}" is not valid Unicode.`);
  if (exceedsUtf8(path, MAX_NAME_BYTES))
    throw invalid(`The document name is longer than ${MAX_NAME_BYTES} bytes.`);
}

/** @throws StatusError INVALID_ARGUMENT */
export function checkCollectionId(id: string): void {
  if (id === '') throw invalid('Collection id is empty.');
  if (id.includes('/')) throw invalid(`Collection id "${id}" is invalid because it contains "/".`);
  if (id === '.' || id === '..') throw invalid(`Collection id "${id}" is invalid.`);
  if (isReserved(id)) throw invalid(`Collection id "${id}" is invalid because it is reserved.`);
  checkIdLength(id);
}

function checkIdLength(id: string): void {
  if (exceedsUtf8(id, MAX_ID_BYTES))
    throw invalid(`The key path element name is longer than ${MAX_ID_BYTES} bytes.`);
}

function isReserved(id: string): boolean {
  return id.length >= 4 && id.startsWith('__') && id.endsWith('__');
}

function invalid(message: string): StatusError {
  return new StatusError('INVALID_ARGUMENT', message);
}

/** The path of the collection that a document is in. */
export function collectionOf(documentPath: string): string {
  return documentPath.slice(0, documentPath.lastIndexOf('/'));
}

/** The last id of a path. */
export function idOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** The path of the document that a collection belongs to; empty at the root. */
export function parentOf(collectionPath: string): string {
  const slash = collectionPath.lastIndexOf('/');
  return slash === -1 ? '' : collectionPath.slice(0, slash);
}

/** Joins a parent (may be empty) and an id. */
export function join(parent: string, id: string): string {
  return parent === '' ? id : `${parent}/${id}`;
}

const NUMERIC_ID = /^__id(-?\d+)__$/;

/** Orders ids of one collection: numeric ids (`__id7__`, as databases imported from Datastore have) by number and first. */
export function compareIds(a: string, b: string): number {
  if (a.startsWith('__id') || b.startsWith('__id')) {
    const left = NUMERIC_ID.exec(a)?.[1];
    const right = NUMERIC_ID.exec(b)?.[1];
    if (left !== undefined && right !== undefined) {
      const difference = BigInt(left) - BigInt(right);
      return difference < 0n ? -1 : difference > 0n ? 1 : 0;
    }
    if (left !== undefined) return -1;
    if (right !== undefined) return 1;
  }
  return compareUtf8(a, b);
}

/** Orders paths, or full names, id by id. `from` is a place up to which they are known to be the same: the begin of an id. */
export function compareNames(a: string, b: string, from = 0): number {
  if (a === b) return 0;
  const shared = Math.min(a.length, b.length);
  let at = from;
  while (at < shared && a.charCodeAt(at) === b.charCodeAt(at)) at += 1;
  // The whole ids around the first difference decide: numeric ones have an order of their own.
  const begin = a.lastIndexOf('/', at - 1) + 1;
  if (a.startsWith('__id', begin) || b.startsWith('__id', begin))
    return compareIds(idAt(a, begin), idAt(b, begin)) || a.length - b.length;
  if (at === shared) return a.length - b.length;
  // An id that ends is before all that go on, and a slash is not the lowest of characters.
  if (a.charCodeAt(at) === SLASH) return -1;
  if (b.charCodeAt(at) === SLASH) return 1;
  return compareUtf8(a, b, at);
}

const SLASH = 0x2f;

function idAt(name: string, begin: number): string {
  const end = name.indexOf('/', begin);
  return end === -1 ? name.slice(begin) : name.slice(begin, end);
}
