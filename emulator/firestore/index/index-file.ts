import { formatFieldPath, parseFieldPath } from '../field-path.ts';
import type {
  CompositeIndex,
  FieldOverride,
  IndexConfiguration,
  IndexedField,
  QueryScope,
  SingleFieldIndex,
} from './definition.ts';

/** An index file is not of the documented form. The message names the place, the rule and what would be right. */
export class InvalidIndexFile extends Error {
  override readonly name = 'InvalidIndexFile';

  constructor(place: string, rule: string) {
    super(
      `firestore indexes: ${place} ${rule} (https://firebase.google.com/docs/reference/firestore/indexes)`,
    );
  }
}

/** Reads the parsed content of a `firestore.indexes.json`. @throws InvalidIndexFile */
export function readIndexFile(json: unknown): IndexConfiguration {
  const file = record(json, 'the file');
  known(file, '', ['indexes', 'fieldOverrides', '$schema']);
  return {
    indexes: list(file.indexes, 'indexes').map((each, at) => readComposite(each, `indexes[${at}]`)),
    fieldOverrides: list(file.fieldOverrides, 'fieldOverrides').map((each, at) =>
      readOverride(each, `fieldOverrides[${at}]`),
    ),
  };
}

/** Reads one composite index by itself. @throws InvalidIndexFile */
export function readCompositeIndex(json: unknown): CompositeIndex {
  return readComposite(json, 'index');
}

function readComposite(json: unknown, place: string): CompositeIndex {
  const index = record(json, place);
  known(index, place, [
    'collectionGroup',
    'queryScope',
    'fields',
    'density',
    'apiScope',
    'multikey',
    'unique',
  ]);
  const fields = list(index.fields, `${place}.fields`).map((each, at) =>
    readField(each, `${place}.fields[${at}]`),
  );
  const vector = fields.some(({ vectorConfig }) => vectorConfig);
  if (fields.length < (vector ? 1 : 2))
    throw new InvalidIndexFile(
      `${place}.fields`,
      'must have two fields or more: every field has an index of its own already; change that in "fieldOverrides"',
    );
  return {
    collectionGroup: text(index, place, 'collectionGroup'),
    queryScope: readScope(index, place),
    fields,
  };
}

function readField(json: unknown, place: string): IndexedField {
  const field = record(json, place);
  known(field, place, ['fieldPath', 'order', 'arrayConfig', 'vectorConfig']);
  const { vectorConfig } = field;
  const modes = ['order', 'arrayConfig', 'vectorConfig'].filter((mode) => field[mode] !== undefined);
  if (modes.length !== 1)
    throw new InvalidIndexFile(place, 'must have exactly one of "order", "arrayConfig" and "vectorConfig"');
  const fieldPath = readFieldPath(field, place);
  if (vectorConfig === undefined) return { fieldPath, ...readMode(field, place) };
  const { dimension } = record(vectorConfig, `${place}.vectorConfig`);
  if (typeof dimension !== 'number' || !Number.isInteger(dimension) || dimension < 1 || dimension > 2048)
    throw new InvalidIndexFile(`${place}.vectorConfig.dimension`, 'must be a whole number from 1 to 2048');
  return { fieldPath, vectorConfig: { dimension } };
}

function readOverride(json: unknown, place: string): FieldOverride {
  const override = record(json, place);
  known(override, place, ['collectionGroup', 'fieldPath', 'ttl', 'indexes']);
  const { ttl = false } = override;
  if (typeof ttl !== 'boolean') throw new InvalidIndexFile(`${place}.ttl`, 'must be true or false');
  return {
    collectionGroup: text(override, place, 'collectionGroup'),
    fieldPath: readFieldPath(override, place),
    ttl,
    indexes: list(override.indexes, `${place}.indexes`).map((each, at) =>
      readSingle(each, `${place}.indexes[${at}]`),
    ),
  };
}

function readSingle(json: unknown, place: string): SingleFieldIndex {
  const index = record(json, place);
  known(index, place, ['queryScope', 'order', 'arrayConfig']);
  if ((index.order === undefined) === (index.arrayConfig === undefined))
    throw new InvalidIndexFile(place, 'must have exactly one of "order" and "arrayConfig"');
  return { queryScope: readScope(index, place), ...readMode(index, place) };
}

function readMode(
  { order, arrayConfig }: Record<string, unknown>,
  place: string,
): Pick<SingleFieldIndex, 'order' | 'arrayConfig'> {
  if (order === 'ASCENDING' || order === 'DESCENDING') return { order };
  if (order !== undefined)
    throw new InvalidIndexFile(`${place}.order`, 'must be "ASCENDING" or "DESCENDING"');
  if (arrayConfig === 'CONTAINS') return { arrayConfig };
  throw new InvalidIndexFile(`${place}.arrayConfig`, 'must be "CONTAINS"');
}

function readScope({ queryScope = 'COLLECTION' }: Record<string, unknown>, place: string): QueryScope {
  if (queryScope === 'COLLECTION' || queryScope === 'COLLECTION_GROUP') return queryScope;
  throw new InvalidIndexFile(`${place}.queryScope`, 'must be "COLLECTION" or "COLLECTION_GROUP"');
}

function readFieldPath(json: Record<string, unknown>, place: string): string {
  const path = text(json, place, 'fieldPath');
  if (path === '*') return path;
  try {
    return formatFieldPath(parseFieldPath(path));
  } catch {
    throw new InvalidIndexFile(`${place}.fieldPath`, `"${path}" must be a field path: back-quote odd names`);
  }
}

function text(json: Record<string, unknown>, place: string, name: string): string {
  const value = json[name];
  if (typeof value === 'string' && value !== '') return value;
  throw new InvalidIndexFile(`${place}.${name}`, 'must be a text that is not empty');
}

function list(json: unknown, place: string): readonly unknown[] {
  if (json === undefined) return [];
  if (Array.isArray(json)) return json;
  throw new InvalidIndexFile(place, 'must be a list');
}

function record(json: unknown, place: string): Record<string, unknown> {
  if (typeof json === 'object' && json !== null && !Array.isArray(json)) return { ...json };
  throw new InvalidIndexFile(place, 'must be an object');
}

function known(json: Record<string, unknown>, place: string, names: readonly string[]): void {
  const unknown = Object.keys(json).find((name) => !names.includes(name));
  if (unknown !== undefined)
    throw new InvalidIndexFile(
      place === '' ? unknown : `${place}.${unknown}`,
      `is not known: ${names.join(', ')} are`,
    );
}
