import type { Type } from 'protobufjs';
import { StatusError } from '../status.ts';
import { fieldsOf } from './proto-json.ts';
import { WELL_KNOWN } from './well-known.ts';

/** The fields of an answer that its caller wants: each with what is wanted of it, undefined for all. `*` stands for every field. */
export type Selection = ReadonlyMap<string, Selection | undefined>;

const PART = /\s*([,/()]|[^\s,/()]+)\s*/y;
const WORD = /^[\w.*-]+$/;

/**
 * Reads the parameter `fields` of a request (https://cloud.google.com/apis/docs/system-parameters): `name,messages(data,attributes/kind)`.
 *
 * @throws StatusError INVALID_ARGUMENT for a text that is none, or names a field that answers of the type have not
 */
export function readSelection(text: string, type: Type): Selection {
  const parts = partsOf(text);
  const selection = list(parts, text);
  if (parts.length > 0) throw invalidSelection(text);
  checkNames(selection, type);
  return selection;
}

/** What is wanted of a value in protocol JSON. */
export function select(selection: Selection | undefined, json: unknown): unknown {
  if (!selection) return json;
  if (Array.isArray(json)) return json.map((item) => select(selection, item));
  if (typeof json !== 'object' || json === null) return json;
  return Object.fromEntries(
    Object.entries(json).flatMap(([name, value]) => {
      const key = selection.has(name) ? name : '*';
      return selection.has(key) ? [[name, select(selection.get(key), value)]] : [];
    }),
  );
}

function partsOf(text: string): string[] {
  const parts: string[] = [];
  PART.lastIndex = 0;
  while (PART.lastIndex < text.length) {
    const part = PART.exec(text)?.[1];
    if (part === undefined) throw invalidSelection(text);
    parts.push(part);
  }
  return parts;
}

/** `a,b/c,d(e,f)`; takes the parts that it reads. */
function list(parts: string[], text: string): Selection {
  const selection = new Map<string, Selection | undefined>();
  do {
    const word = parts.shift();
    if (word === undefined || !WORD.test(word)) throw invalidSelection(text);
    // A field mask leads into messages by dots.
    const [name = '', ...path] = word.split('.');
    const wanted = path.reduceRight<Selection | undefined>(
      (inner, each) => new Map([[each, inner]]),
      below(parts, text),
    );
    selection.set(name, selection.has(name) ? merged(selection.get(name), wanted) : wanted);
  } while (parts[0] === ',' && parts.shift());
  return selection;
}

/** What is wanted of the field that was named last. */
function below(parts: string[], text: string): Selection | undefined {
  if (parts[0] === '/') {
    parts.shift();
    const word = parts.shift();
    if (word === undefined || !WORD.test(word)) throw invalidSelection(text);
    return new Map([[word, below(parts, text)]]);
  }
  if (parts[0] !== '(') return undefined;
  parts.shift();
  const inner = list(parts, text);
  if (parts.shift() !== ')') throw invalidSelection(text);
  return inner;
}

function merged(one: Selection | undefined, other: Selection | undefined): Selection | undefined {
  if (!one || !other) return undefined;
  const both = new Map(one);
  for (const [name, wanted] of other)
    both.set(name, both.has(name) ? merged(both.get(name), wanted) : wanted);
  return both;
}

function checkNames(selection: Selection, type: Type): void {
  const fields = fieldsOf(type);
  for (const [name, wanted] of selection) {
    if (name === '*') continue;
    const field = fields.get(name);
    if (field?.name !== name) throw invalidSelection(name);
    const { resolvedType } = field;
    const isMessage = resolvedType && 'fieldsArray' in resolvedType && !WELL_KNOWN[resolvedType.fullName];
    // The entries of a map have any names.
    if (wanted && isMessage && !field.map) checkNames(wanted, resolvedType);
  }
}

function invalidSelection(what: string): StatusError {
  return new StatusError(
    'INVALID_ARGUMENT',
    `Request contains an invalid argument. Invalid field selection ${what}`,
  );
}
