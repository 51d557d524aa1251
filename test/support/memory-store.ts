import { MeshError } from '../../shared/contract/errors.ts';
import type { Query, Store, StoredDocument, Write } from '../../shared/contract/store.ts';

/** The Store port in memory: the contract of `shared/contract/store.ts` and no more. */
export class MemoryStore implements Store {
  readonly documents = new Map<string, StoredDocument>();
  #writes = 0;

  async read(paths: readonly string[]): Promise<(StoredDocument | undefined)[]> {
    return paths.map((path) => this.documents.get(path));
  }

  async commit(writes: readonly Write[]): Promise<readonly string[]> {
    for (const write of writes) {
      const stored = this.documents.get(write.path);
      if (write.kind === 'create' && stored) throw new MeshError('AlreadyExists', write.path);
      if (write.kind !== 'create' && write.ifVersion !== undefined && stored?.version !== write.ifVersion) {
        throw new MeshError('Conflict', write.path);
      }
    }
    const version = String(++this.#writes);
    for (const write of writes) {
      if (write.kind === 'delete') this.documents.delete(write.path);
      else
        this.documents.set(write.path, { path: write.path, fields: structuredClone(write.fields), version });
    }
    return writes.map(() => version);
  }

  async query({ collection }: Query): Promise<StoredDocument[]> {
    const depth = collection.split('/').length + 1;
    return [...this.documents.values()].filter(
      ({ path }) => path.startsWith(`${collection}/`) && path.split('/').length === depth,
    );
  }
}
