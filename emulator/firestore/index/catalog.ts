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

/** What callers made of a catalog. */
export interface AddedIndexes {
  readonly indexes: readonly CatalogIndex[];
  readonly fieldOverrides: readonly FieldOverride[];
}

/**
 * The indexes that a database is said to have: what a query must find here when indexes are required, and what the admin calls
 * read and change. How queries are really answered is a matter of index-set.ts.
 */
export class IndexCatalog {
  readonly #composites = new Map<string, CatalogIndex>();
  readonly #overrides = new Map<string, FieldOverride>();
  /** Ids and keys of what was declared when the program began, and so is again when it next begins. */
  readonly #declared = new Set<string>();
  readonly #onChange: () => void;
  #made = 0;

  /** `onChange` is told when what there is beside the declared has changed. */
  constructor({ indexes, fieldOverrides }: IndexConfiguration = NO_INDEXES, onChange: () => void = () => {}) {
    this.#onChange = onChange;
    this.declare(indexes);
    for (const override of fieldOverrides) {
      this.#declared.add(keyOf(override.collectionGroup, override.fieldPath));
      this.#overrides.set(keyOf(override.collectionGroup, override.fieldPath), override);
    }
  }

  /** Has these indexes, by the word of the program and not of a caller. */
  declare(indexes: readonly CompositeIndex[]): void {
    for (const index of indexes) this.#declared.add(this.#put(index).id);
  }

  /** What callers made, beside what was declared. */
  get added(): AddedIndexes {
    return {
      indexes: [...this.#composites.values()].filter(({ id }) => !this.#declared.has(id)),
      fieldOverrides: [...this.#overrides].flatMap(([key, each]) => (this.#declared.has(key) ? [] : [each])),
    };
  }

  /** Puts this in place of all that callers made; nobody is told. */
  takeAdded({ indexes, fieldOverrides }: AddedIndexes): void {
    const { added } = this;
    for (const { id } of added.indexes) this.#composites.delete(id);
    for (const each of added.fieldOverrides)
      this.#overrides.delete(keyOf(each.collectionGroup, each.fieldPath));
    for (const index of indexes) this.#put(index, index.id);
    for (const each of fieldOverrides) {
      this.#declared.delete(keyOf(each.collectionGroup, each.fieldPath));
      this.#overrides.set(keyOf(each.collectionGroup, each.fieldPath), each);
    }
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
    const added = this.#put(index);
    this.#onChange();
    return added;
  }

  remove(id: string): boolean {
    const removed = this.#composites.delete(id);
    this.#onChange();
    return removed;
  }

  override(override: FieldOverride): void {
    const key = keyOf(override.collectionGroup, override.fieldPath);
    this.#declared.delete(key);
    this.#overrides.set(key, override);
    this.#onChange();
  }

  /** Takes an override back: the field has its automatic indexes again. */
  restore(collectionGroup: string, fieldPath: string): void {
    this.#overrides.delete(keyOf(collectionGroup, fieldPath));
    this.#onChange();
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

  #put(index: CompositeIndex, wanted = this.#nextId()): CatalogIndex {
    const found = this.find(index);
    if (found) return found;
    const added = { ...index, id: this.#composites.has(wanted) ? this.#nextId() : wanted };
    this.#composites.set(added.id, added);
    return added;
  }

  /** Of the form of the service's ids. */
  #nextId(): string {
    for (;;) {
      this.#made += 1;
      const id = Buffer.from(`index-${this.#made}`).toString('base64url');
      if (!this.#composites.has(id)) return id;
    }
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
