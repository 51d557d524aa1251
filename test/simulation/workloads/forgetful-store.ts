import type { Fields, Store } from '../../../shared/contract/store.ts';

/**
 * What a release finds that was made before an operation was invented: histories with something unheard of in place of it. What it leaves
 * of them is as it was.
 */
export function forgetfulStore(store: Store, operation: string): Store {
  const known = `"op":"${operation}"`;
  const unheardOf = `"op":"unheard-of-${operation}"`;
  const renamed = (fields: Fields, from: string, to: string): Fields =>
    typeof fields.history === 'string' ? { ...fields, history: fields.history.replaceAll(from, to) } : fields;
  return {
    read: async (paths) =>
      (await store.read(paths)).map(
        (document) => document && { ...document, fields: renamed(document.fields, known, unheardOf) },
      ),
    commit: (writes) =>
      store.commit(
        writes.map((write) =>
          write.kind === 'delete' ? write : { ...write, fields: renamed(write.fields, unheardOf, known) },
        ),
      ),
    query: (query) => store.query(query),
  };
}
