import { type Document, fieldAt, withField } from './document.ts';
import type { FindNearest } from './query.ts';
import { isVector, type Value } from './value.ts';

/** The nearest of the documents first; those without a vector of as many dimensions are left out. */
export function nearestOf(documents: Iterable<Document>, search: FindNearest): Document[] {
  const { measure, limit, threshold, distanceField } = search;
  // A dot product is larger the nearer.
  const sign = measure === 'dot-product' ? -1 : 1;
  const found: { readonly document: Document; readonly distance: number }[] = [];
  for (const document of documents) {
    const vector = vectorOf(fieldAt(document.fields, search.field));
    if (vector?.length !== search.vector.length) continue;
    const distance = DISTANCE[measure](vector, search.vector);
    const within = threshold === undefined || sign * distance <= sign * threshold;
    if (within && !Number.isNaN(distance)) found.push({ document, distance });
  }
  found.sort((a, b) => sign * (a.distance - b.distance));
  return found.slice(0, limit).map(({ document, distance }) => {
    if (!distanceField) return document;
    return {
      ...document,
      fields: withField(document.fields, distanceField, { type: 'double', value: distance }),
    };
  });
}

/** The numbers of a vector value; undefined of another value. */
export function vectorOf(value: Value | undefined): readonly number[] | undefined {
  if (value?.type !== 'map' || !isVector(value)) return undefined;
  const array = value.fields.get('value');
  if (array?.type !== 'array') return undefined;
  const numbers = array.values.map((each) =>
    each.type === 'double' || each.type === 'integer' ? Number(each.value) : Number.NaN,
  );
  return numbers.some(Number.isNaN) ? undefined : numbers;
}

type Distance = (a: readonly number[], b: readonly number[]) => number;

const dot: Distance = (a, b) => a.reduce((sum, each, at) => sum + each * (b[at] as number), 0);

const DISTANCE: Readonly<Record<FindNearest['measure'], Distance>> = {
  euclidean: (a, b) => Math.sqrt(a.reduce((sum, each, at) => sum + (each - (b[at] as number)) ** 2, 0)),
  cosine: (a, b) => 1 - dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b)),
  'dot-product': dot,
};
