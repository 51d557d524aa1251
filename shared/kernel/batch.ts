import type { Store, StoredDocument, Write } from '../contract/store.ts';
import type { Decision } from './route.ts';

/**
 * Decisions made one after another, each on what those before it left, to be committed together: what each decides is just what it
 * would have, had those before it been committed by themselves.
 */
export class Batch {
  readonly #store: Pick<Store, 'read'>;
  /** Versions within the batch: no stored document ever has one. */
  readonly #id: string;
  readonly #writes = new Map<string, Write>();
  readonly #documents = new Map<string, StoredDocument | undefined>();
  #decisions = 0;

  constructor(store: Pick<Store, 'read'>, id: string, documents: readonly StoredDocument[]) {
    this.#store = store;
    this.#id = id;
    for (const document of documents) this.#documents.set(document.path, document);
  }

  get writes(): readonly Write[] {
    return [...this.#writes.values()];
  }

  /** The documents as the decisions so far leave them. */
  async read(paths: readonly string[]): Promise<(StoredDocument | undefined)[]> {
    const unknown = paths.filter((path) => !this.#documents.has(path));
    if (unknown.length > 0) {
      const found = await this.#store.read(unknown);
      for (const [at, path] of unknown.entries()) this.#documents.set(path, found[at]);
    }
    return paths.map((path) => this.#documents.get(path));
  }

  add({ writes, committed }: Decision): void {
    const version = `${this.#id}:${++this.#decisions}`;
    for (const write of writes) this.#write(write, version);
    committed?.();
  }

  #write(write: Write, version: string): void {
    const { path } = write;
    const before = this.#writes.get(path);
    const fields =
      write.kind === 'delete'
        ? undefined
        : { ...(write.kind === 'patch' && this.#documents.get(path)?.fields), ...write.fields };
    this.#documents.set(path, fields && { path, fields, version });
    if (!before) return void this.#writes.set(path, write);
    // The condition is that of the first write, which is on what is stored.
    const condition = 'ifVersion' in before && { ifVersion: before.ifVersion };
    if (!fields) this.#writes.set(path, { kind: 'delete', path, ...condition } as Write);
    else if (before.kind === 'create') this.#writes.set(path, { ...before, fields });
    else if (before.kind === 'patch' && write.kind === 'patch')
      this.#writes.set(path, { ...before, fields: { ...before.fields, ...write.fields } });
    else this.#writes.set(path, { kind: 'put', path, fields, ...condition } as Write);
  }
}
