import { formatFieldPath, parseFieldPath } from '../field-path.ts';
import {
  AUTOMATIC_INDEXES,
  type CompositeIndex,
  type FieldOverride,
  type IndexConfiguration,
  NO_INDEXES,
  type SingleFieldIndex,
} from './definition.ts';

/** A composite index of the catalog. */
export interface CatalogIndex extends CompositeIndex {
  readonly id: string;
}

/**
 * The indexes that a database is said to have: what a query must find here when indexes are required, and what the admin calls
 * read and change. How queries are really answered is a matter of index-set.ts.
 */
export class IndexCatalog {
  readonly #composites = new Map<string, CatalogIndex>();
  readonly #overrides = new Map<string, FieldOverride>();
  #made = 0;

  constructor({ indexes, fieldOverrides }: IndexConfiguration = NO_INDEXES) {
    for (const index of indexes) this.add(index);
    for (const override of fieldOverrides) this.override(override);
  }

  get composites(): Iterable<CatalogIndex> {
    return this.#composites.values();
  }

  get overrides(): Iterable<FieldOverride> {
    return this.#overrides.values();
  }

  get(id: string): CatalogIndex | undefined {
    return this.#composites.get(id);
  }

  /** The index that is like this one, if there is one. */
  find(index: CompositeIndex): CatalogIndex | undefined {
    const wanted = textOf(index);
    return [...this.#composites.values()].find((each) => textOf(each) === wanted);
  }

  /** One like it that is there already stays. */
  add(index: CompositeIndex): CatalogIndex {
    const found = this.find(index);
    if (found) return found;
    this.#made += 1;
    // Of the form of the service's ids.
    const id = Buffer.from(`index-${this.#made}`).toString('base64url');
    const added = { ...index, id };
    this.#composites.set(id, added);
    return added;
  }

  remove(id: string): boolean {
    return this.#composites.delete(id);
  }

  override(override: FieldOverride): void {
    this.#overrides.set(keyOf(override.collectionGroup, override.fieldPath), override);
  }

  /** Takes an override back: the field has its automatic indexes again. */
  restore(collectionGroup: string, fieldPath: string): void {
    this.#overrides.delete(keyOf(collectionGroup, fieldPath));
  }

  overrideOf(collectionGroup: string, fieldPath: string): FieldOverride | undefined {
    return this.#overrides.get(keyOf(collectionGroup, fieldPath));
  }

  /** The indexes of one field; those of the nearest map around it that has an override, else those of all fields. */
  indexesOf(collectionGroup: string, fieldPath: string): readonly SingleFieldIndex[] {
    const names = fieldPath === '*' ? [] : parseFieldPath(fieldPath);
    for (let depth = names.length; depth > 0; depth--) {
      const override = this.overrideOf(collectionGroup, formatFieldPath(names.slice(0, depth)));
      if (override) return override.indexes;
    }
    // The field `*` of a group, and that of `__default__`, stand for all that have none of their own.
    const general = this.overrideOf(collectionGroup, '*') ?? this.overrideOf('__default__', '*');
    return general?.indexes ?? AUTOMATIC_INDEXES;
  }
}

function keyOf(collectionGroup: string, fieldPath: string): string {
  return `${collectionGroup}\n${fieldPath}`;
}

function textOf({ collectionGroup, queryScope, fields }: CompositeIndex): string {
  const modes = fields.map(({ fieldPath, order, arrayConfig, vectorConfig }) => [
    fieldPath,
    order ?? arrayConfig ?? vectorConfig?.dimension,
  ]);
  return JSON.stringify([collectionGroup, queryScope, modes]);
}
