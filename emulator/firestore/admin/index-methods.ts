import { type PageRequest, pageOf } from '../../wire/page.ts';
import { StatusError } from '../../wire/status.ts';
import type { CatalogIndex } from '../index/catalog.ts';
import type { CompositeIndex } from '../index/definition.ts';
import { InvalidIndexFile, readCompositeIndex } from '../index/index-file.ts';
import type { FirestoreStore } from '../store.ts';
import { existing, parseGroupName } from './names.ts';
import type { Operations } from './operations.ts';

interface Named {
  readonly name?: string;
}

interface CreateIndexRequest {
  readonly parent?: string;
  readonly index?: Readonly<Record<string, unknown>>;
}

const PAGE = 1000;

/** The admin calls of composite indexes. They are ready at once. */
export function indexMethods(store: FirestoreStore, operations: Operations) {
  const find = (name = '') => {
    const { database, rest } = parseGroupName(name, 'indexes');
    const { indexes } = existing(store, database);
    const index = indexes.get(rest);
    if (!index) throw new StatusError('NOT_FOUND', `Index "${name}" not found.`);
    return { database, indexes, index };
  };
  return {
    CreateIndex({ parent = '', index = {} }: CreateIndexRequest) {
      const { database, group } = parseGroupName(parent);
      const { indexes } = existing(store, database);
      const wanted = readIndex(group, index);
      if (indexes.find(wanted)) throw new StatusError('ALREADY_EXISTS', 'index already exists');
      const message = writeIndex(database, indexes.add(wanted));
      return operations.done(
        database,
        ['google.firestore.admin.v1.IndexOperationMetadata', { index: message.name, state: 'SUCCESSFUL' }],
        ['google.firestore.admin.v1.Index', message],
      );
    },

    GetIndex({ name }: Named) {
      const { database, index } = find(name);
      return writeIndex(database, index);
    },

    DeleteIndex({ name }: Named) {
      const { indexes, index } = find(name);
      indexes.remove(index.id);
      return {};
    },

    ListIndexes({ parent = '', ...page }: PageRequest & { readonly parent?: string }) {
      const { database, group } = parseGroupName(parent);
      const { indexes } = existing(store, database);
      // A dash is every group.
      const mine = [...indexes.composites].filter((each) => group === '-' || each.collectionGroup === group);
      const { items, nextPageToken } = pageOf(mine, ({ id }) => id, page, PAGE);
      return { indexes: items.map((each) => writeIndex(database, each)), nextPageToken };
    },
  };
}

function readIndex(collectionGroup: string, message: Readonly<Record<string, unknown>>): CompositeIndex {
  const { fields = [], queryScope } = message;
  try {
    return readCompositeIndex({
      collectionGroup,
      queryScope,
      fields: (fields as readonly Readonly<Record<string, unknown>>[]).map(
        ({ fieldPath, order, arrayConfig, vectorConfig }) => ({
          fieldPath,
          order,
          arrayConfig,
          vectorConfig,
        }),
      ),
    });
  } catch (error) {
    if (error instanceof InvalidIndexFile) throw new StatusError('INVALID_ARGUMENT', error.message);
    throw error;
  }
}

function writeIndex(database: string, { id, collectionGroup, queryScope, fields }: CatalogIndex) {
  const last = fields.at(-1);
  // The name is part of every index, though not of every request for one; in that of a vector it is before that.
  const named = fields.some(({ fieldPath }) => fieldPath === '__name__');
  const name = { fieldPath: '__name__', order: last?.order ?? 'ASCENDING' };
  const all = named ? fields : last?.vectorConfig ? [...fields.slice(0, -1), name, last] : [...fields, name];
  return {
    name: `${database}/collectionGroups/${collectionGroup}/indexes/${id}`,
    queryScope,
    fields: all.map((field) =>
      field.fieldPath !== '__name__' && 'vectorConfig' in field
        ? { ...field, vectorConfig: { ...field.vectorConfig, flat: {} } }
        : field,
    ),
    state: 'READY',
  };
}
