import { type PageRequest, pageOf } from '../../wire/page.ts';
import { StatusError } from '../../wire/status.ts';
import type { Database } from '../database.ts';
import type { SingleFieldIndex } from '../index/definition.ts';
import type { FirestoreStore } from '../store.ts';
import { existing, fieldPathOf, parseGroupName } from './names.ts';
import type { Operations } from './operations.ts';

interface FieldMessage {
  readonly name?: string;
  readonly indexConfig?: { readonly indexes?: readonly IndexMessage[] };
  readonly ttlConfig?: { readonly expirationOffset?: { readonly seconds?: string } };
}

interface IndexMessage {
  readonly queryScope?: string;
  readonly fields?: readonly { readonly order?: string; readonly arrayConfig?: string }[];
}

interface UpdateFieldRequest {
  readonly field?: FieldMessage;
  readonly updateMask?: { readonly paths?: readonly string[] };
}

interface ListFieldsRequest extends PageRequest {
  readonly parent?: string;
  readonly filter?: string;
}

const PAGE = 1000;

/** The admin calls of single fields: their indexes and their TTL policies, which apply at once. */
export function fieldMethods(store: FirestoreStore, operations: Operations) {
  const find = (name = '') => {
    const { database, group, rest } = parseGroupName(name, 'fields');
    return { database: existing(store, database), group, path: fieldPathOf(rest) };
  };
  return {
    GetField({ name }: { readonly name?: string }) {
      const { database, group, path } = find(name);
      return writeField(database, group, path);
    },

    UpdateField({ field = {}, updateMask }: UpdateFieldRequest) {
      const { database, group, path } = find(field.name);
      const masked = (name: string) => !updateMask?.paths?.length || updateMask.paths.includes(name);
      const indexes = masked('index_config') ? readIndexes(field) : undefined;
      if (masked('ttl_config')) setTtl(database, group, path, field);
      if (masked('index_config'))
        if (indexes) database.indexes.override({ collectionGroup: group, fieldPath: path, indexes });
        // Without a configuration, the field has that of its ancestor again.
        else database.indexes.restore(group, path);
      const message = writeField(database, group, path);
      return operations.done(
        database.name,
        ['google.firestore.admin.v1.FieldOperationMetadata', { field: message.name, state: 'SUCCESSFUL' }],
        ['google.firestore.admin.v1.Field', message],
      );
    },

    ListFields({ parent = '', filter = '', ...page }: ListFieldsRequest) {
      const { database: name, group } = parseGroupName(parent);
      const database = existing(store, name);
      const ttl = [...database.ttlFields()];
      const overrides = [...database.indexes.overrides].map(
        (each) => [each.collectionGroup, each.fieldPath] as const,
      );
      // Only these two filters are supported, in production too.
      const listed = /ttlConfig/i.test(filter)
        ? ttl
        : /usesAncestorConfig/i.test(filter)
          ? overrides
          : undefined;
      if (!listed)
        throw new StatusError(
          'INVALID_ARGUMENT',
          'filter must be "indexConfig.usesAncestorConfig:false" or "ttlConfig:*".',
        );
      const fields = listed
        .filter(([each]) => group === '-' || group === '__default__' || each === group)
        .map(([each, path]) => writeField(database, each, path));
      const { items, nextPageToken } = pageOf(fields, (each) => each.name, page, PAGE);
      return { fields: items, nextPageToken };
    },
  };
}

function setTtl(database: Database, group: string, path: string, { ttlConfig }: FieldMessage): void {
  const current = ttlFieldOf(database, group);
  if (!ttlConfig) {
    if (current === path) database.setTtl(group, undefined);
    return;
  }
  if (Number(ttlConfig.expirationOffset?.seconds ?? 0) !== 0)
    throw new StatusError(
      'UNIMPLEMENTED',
      'ttl_config.expiration_offset is not implemented: it must be zero.',
    );
  if (current !== undefined && current !== path)
    throw new StatusError(
      'FAILED_PRECONDITION',
      `Collection group "${group}" has a TTL policy on field "${current}" already: it can have one only.`,
    );
  database.setTtl(group, path);
}

function ttlFieldOf(database: Database, group: string): string | undefined {
  return [...database.ttlFields()].find(([each]) => each === group)?.[1];
}

/** Undefined: none given, which is not the same as an empty list. */
function readIndexes({ indexConfig }: FieldMessage): SingleFieldIndex[] | undefined {
  return (
    indexConfig &&
    (indexConfig.indexes ?? []).map(({ queryScope = 'COLLECTION', fields = [] }) => {
      const [field, ...more] = fields;
      if (queryScope !== 'COLLECTION' && queryScope !== 'COLLECTION_GROUP')
        throw invalid('query_scope must be COLLECTION or COLLECTION_GROUP.');
      if (!field || more.length > 0) throw invalid('An index of a single field must have exactly one field.');
      if (field.arrayConfig === 'CONTAINS') return { queryScope, arrayConfig: field.arrayConfig };
      if (field.order === 'ASCENDING' || field.order === 'DESCENDING')
        return { queryScope, order: field.order };
      throw invalid('An index of a single field must have an order or an array_config.');
    })
  );
}

function writeField(database: Database, group: string, path: string) {
  const own = database.indexes.overrideOf(group, path);
  const ancestorField = `${database.name}/collectionGroups/__default__/fields/*`;
  const indexes = database.indexes.indexesOf(group, path).map(({ queryScope, ...mode }) => ({
    queryScope,
    fields: [{ fieldPath: path, ...mode }],
    state: 'READY',
  }));
  const ttl = ttlFieldOf(database, group) === path;
  return {
    name: `${database.name}/collectionGroups/${group}/fields/${path}`,
    indexConfig:
      own || group === '__default__' ? { indexes } : { indexes, usesAncestorConfig: true, ancestorField },
    ...(ttl && { ttlConfig: { state: 'ACTIVE' } }),
  };
}

function invalid(message: string): StatusError {
  return new StatusError('INVALID_ARGUMENT', message);
}
