import type { Fields, Value } from './value.ts';

/** Names in one order, shared by all the documents that have just these fields. */
interface Shape {
  readonly names: readonly string[];
  /** Where each name is; only for shapes too wide to be searched one by one. */
  readonly positions: ReadonlyMap<string, number> | undefined;
  /** The shape with one more name at the end. */
  readonly next: Map<string, Shape>;
}

const SEARCHED = 8;
/** Wider maps are most often dictionaries, each with names of its own. */
const WIDEST = 64;
/** No program has so many kinds of document; one that makes field names of data does, and gets plain maps from here on. */
const MOST_SHAPES = 10_000;

const NO_NAMES: Shape = { names: [], positions: undefined, next: new Map() };
let shapes = 0;

/**
 * Fields that share their names with all others of the same shape: a third of the memory of a `Map`. A million documents are held in
 * memory, so it counts.
 */
class PackedFields implements ReadonlyMap<string, Value> {
  readonly #shape: Shape;
  readonly #values: readonly Value[];

  constructor(shape: Shape, values: readonly Value[]) {
    this.#shape = shape;
    this.#values = values;
  }

  get size(): number {
    return this.#values.length;
  }

  get(name: string): Value | undefined {
    const { names, positions } = this.#shape;
    const index = positions ? positions.get(name) : names.indexOf(name);
    return index === undefined || index < 0 ? undefined : this.#values[index];
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  forEach(callback: (value: Value, name: string, map: ReadonlyMap<string, Value>) => void): void {
    for (const [name, value] of this) callback(value, name, this);
  }

  *entries(): MapIterator<[string, Value]> {
    const { names } = this.#shape;
    for (let index = 0; index < names.length; index++)
      yield [names[index] as string, this.#values[index] as Value];
  }

  keys(): MapIterator<string> {
    return this.#shape.names.values();
  }

  values(): MapIterator<Value> {
    return this.#values.values();
  }

  [Symbol.iterator](): MapIterator<[string, Value]> {
    return this.entries();
  }
}

/** Fields of distinct names and their values, in their order. */
export function packFields(names: readonly string[], values: readonly Value[]): Fields {
  const shape = shapeOf(names);
  return shape
    ? new PackedFields(shape, values)
    : new Map(names.map((name, at) => [name, values[at] as Value]));
}

/** The same fields in the form that takes the least memory. */
export function packed(fields: Fields): Fields {
  return fields instanceof PackedFields ? fields : packFields([...fields.keys()], [...fields.values()]);
}

function shapeOf(names: readonly string[]): Shape | undefined {
  if (names.length > WIDEST) return undefined;
  let shape = NO_NAMES;
  for (const name of names) {
    const next = shape.next.get(name) ?? extend(shape, name);
    if (!next) return undefined;
    shape = next;
  }
  return shape;
}

function extend(shape: Shape, name: string): Shape | undefined {
  if (shapes >= MOST_SHAPES) return undefined;
  shapes += 1;
  const names = [...shape.names, name];
  const positions = names.length > SEARCHED ? new Map(names.map((each, at) => [each, at])) : undefined;
  const next: Shape = { names, positions, next: new Map() };
  shape.next.set(name, next);
  return next;
}
