import { type Graph, targetOf } from './graph.ts';

/**
 * The import cycles of `graph`: each group of modules that reach one another, in alphabetical order. Imports for types
 * count, since what needs each other's types is one thing in two files; dynamic imports do not.
 */
export function cyclesIn(graph: Graph): string[][] {
  return new Cycles(graph).found.sort((one, other) => `${one[0]}`.localeCompare(`${other[0]}`));
}

/** Tarjan's strongly connected components: https://doi.org/10.1137/0201010 */
class Cycles {
  readonly found: string[][] = [];
  readonly #graph: Graph;
  readonly #index = new Map<string, number>();
  readonly #stack: string[] = [];

  constructor(graph: Graph) {
    this.#graph = graph;
    for (const path of graph.keys()) if (!this.#index.has(path)) this.#visit(path);
  }

  #visit(path: string): number {
    const index = this.#index.size;
    this.#index.set(path, index);
    this.#stack.push(path);
    const next = this.#next(path);
    let low = index;
    for (const target of next) {
      const seen = this.#index.get(target);
      if (seen === undefined) low = Math.min(low, this.#visit(target));
      else if (this.#stack.includes(target)) low = Math.min(low, seen);
    }
    if (low === index) {
      const members = this.#stack.splice(this.#stack.indexOf(path));
      if (members.length > 1 || next.includes(path)) this.found.push(members.sort());
    }
    return low;
  }

  #next(path: string): string[] {
    return (this.#graph.get(path)?.imports ?? []).flatMap(({ specifier, kind }) => {
      const target = specifier !== undefined && kind !== 'dynamic' ? targetOf(path, specifier) : undefined;
      return target !== undefined && this.#graph.has(target) ? [target] : [];
    });
  }
}
