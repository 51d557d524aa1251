import fc from 'fast-check';

/** One call of a program: a method and its request. Names of documents hold `ROOT` for the root of the database. */
export interface Call {
  readonly method: string;
  readonly request: object;
}

export type Program = readonly Call[];

export const DATABASE = 'DATABASE';
const ROOT = `${DATABASE}/documents`;

const path = fc.constantFrom(
  'c/1',
  'c/2',
  'c/3',
  'c/a',
  'c/1/c/1',
  'c/2/d/1',
  'd/1',
  'd/1/c/x',
  'e/gone/c/1',
);
const name = path.map((each) => `${ROOT}/${each}`);

const scalar = fc.oneof(
  fc.constantFrom(
    { nullValue: 'NULL_VALUE' },
    { booleanValue: false },
    { booleanValue: true },
    { doubleValue: Number.NaN },
    { doubleValue: -0 },
    { doubleValue: 1.5 },
    { doubleValue: 3 },
    { doubleValue: Number.POSITIVE_INFINITY },
    { doubleValue: 1e300 },
    { stringValue: '' },
    { stringValue: 'a' },
    { stringValue: 'ab' },
    { stringValue: 'é' },
    { stringValue: '\u{1f600}' },
    { stringValue: '\ufb01' },
    { bytesValue: Buffer.from([]) },
    { bytesValue: Buffer.from([0, 255]) },
    { timestampValue: { seconds: '0', nanos: 0 } },
    { timestampValue: { seconds: '-1', nanos: 999_999_000 } },
    { timestampValue: { seconds: '1700000000', nanos: 123_456_789 } },
    { geoPointValue: { latitude: 1, longitude: 2 } },
    { geoPointValue: { latitude: -90, longitude: 180 } },
    { referenceValue: `${ROOT}/c/1` },
    { referenceValue: `${ROOT}/c/2/d/1` },
  ),
  fc.integer({ min: -3, max: 5 }).map((n) => ({ integerValue: String(n) })),
  fc
    .constantFrom('9007199254740993', '9223372036854775807', '-9223372036854775808')
    .map((integerValue) => ({ integerValue })),
);
const array = fc.array(scalar, { maxLength: 3 }).map((values) => ({ arrayValue: { values } }));
const map = fc
  .dictionary(fc.constantFrom('p', 'q', 'p q'), fc.oneof(scalar, array), { maxKeys: 2 })
  .map((fields) => ({ mapValue: { fields } }));
const value = fc.oneof(
  { arbitrary: scalar, weight: 5 },
  { arbitrary: array, weight: 2 },
  { arbitrary: map, weight: 2 },
);
const fields = fc.dictionary(fc.constantFrom('x', 'y', 'z'), value, { maxKeys: 3 });
const fieldPath = fc.constantFrom('x', 'y', 'z', 'x.p', 'z.`p q`', 'y.p.q');
const mask = fc
  .uniqueArray(fieldPath, { maxLength: 3 })
  .filter(isPrefixFree)
  .map((fieldPaths) => ({ fieldPaths }));

function isPrefixFree(paths: readonly string[]): boolean {
  return !paths.some((one) => paths.some((other) => other.startsWith(`${one}.`)));
}

const number = fc.constantFrom<object[]>(
  { integerValue: '1' },
  { integerValue: '-2' },
  { integerValue: '9223372036854775807' },
  { doubleValue: 0.5 },
  { doubleValue: Number.NaN },
  { stringValue: 'no number' },
);
const transform = fc.oneof(
  fc.record({ fieldPath, increment: number }),
  fc.record({ fieldPath, maximum: number }),
  fc.record({ fieldPath, minimum: number }),
  fc.record({
    fieldPath,
    appendMissingElements: fc.array(scalar, { maxLength: 3 }).map((values) => ({ values })),
  }),
  fc.record({
    fieldPath,
    removeAllFromArray: fc.array(scalar, { maxLength: 3 }).map((values) => ({ values })),
  }),
);
const precondition = fc.option(
  fc.boolean().map((exists) => ({ exists })),
  { nil: undefined, freq: 3 },
);
const transforms = fc.uniqueArray(transform, { selector: (each) => each.fieldPath, maxLength: 2 });

const write = fc.oneof(
  { arbitrary: fc.record({ update: fc.record({ name, fields }), currentDocument: precondition }), weight: 4 },
  {
    arbitrary: fc.record({
      update: fc.record({ name, fields }),
      updateMask: mask,
      updateTransforms: transforms,
      currentDocument: precondition,
    }),
    weight: 3,
  },
  { arbitrary: fc.record({ delete: name, currentDocument: precondition }), weight: 1 },
);

const field = fc.constantFrom('x', 'y', 'z', 'x.p').map((each) => ({ fieldPath: each }));
const byName = { fieldPath: '__name__' };
const leaf = fc.oneof(
  fc.record({
    field,
    op: fc.constantFrom(
      'EQUAL',
      'LESS_THAN',
      'LESS_THAN_OR_EQUAL',
      'GREATER_THAN',
      'GREATER_THAN_OR_EQUAL',
      'NOT_EQUAL',
      'ARRAY_CONTAINS',
    ),
    value,
  }),
  fc.record({
    field,
    op: fc.constantFrom('IN', 'NOT_IN', 'ARRAY_CONTAINS_ANY'),
    value: fc.array(value, { maxLength: 3 }).map((values) => ({ arrayValue: { values } })),
  }),
  fc.record({
    field: fc.constant(byName),
    op: fc.constantFrom('EQUAL', 'LESS_THAN', 'GREATER_THAN_OR_EQUAL', 'NOT_EQUAL'),
    value: fc.oneof(
      { arbitrary: name.map((referenceValue) => ({ referenceValue })), weight: 5 },
      { arbitrary: scalar, weight: 1 },
    ),
  }),
);
const single = fc.oneof(
  { arbitrary: leaf.map((fieldFilter) => ({ fieldFilter })), weight: 5 },
  {
    arbitrary: fc
      .record({ field, op: fc.constantFrom('IS_NULL', 'IS_NAN', 'IS_NOT_NULL', 'IS_NOT_NAN') })
      .map((unaryFilter) => ({ unaryFilter })),
    weight: 1,
  },
);
const composite = (of: fc.Arbitrary<object>) =>
  fc
    .record({ op: fc.constantFrom('AND', 'OR'), filters: fc.array(of, { minLength: 1, maxLength: 3 }) })
    .map((compositeFilter) => ({ compositeFilter }));
const filter: fc.Arbitrary<object> = fc.oneof(single, composite(single), composite(composite(single)));
const orders = fc.uniqueArray(
  fc.record({
    field: fc.oneof({ arbitrary: field, weight: 4 }, { arbitrary: fc.constant(byName), weight: 1 }),
    direction: fc.constantFrom('ASCENDING', 'DESCENDING'),
  }),
  { selector: (each) => each.field.fieldPath, maxLength: 2 },
);
const cursor = fc.option(
  fc.record({ values: fc.array(value, { minLength: 1, maxLength: 1 }), before: fc.boolean() }),
  {
    nil: undefined,
    freq: 3,
  },
);
const optional = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: undefined });

const structuredQuery = fc.record({
  select: optional(
    fc
      .uniqueArray(fieldPath, { maxLength: 2 })
      .filter(isPrefixFree)
      .map((all) => ({ fields: all.map((each) => ({ fieldPath: each })) })),
  ),
  from: fc
    .record({ collectionId: fc.constantFrom('c', 'd'), allDescendants: fc.boolean() })
    .map((each) => [each]),
  where: optional(filter),
  orderBy: orders,
  startAt: cursor,
  endAt: cursor,
  offset: fc.nat(2),
  limit: optional(fc.integer({ min: 1, max: 3 }).map((most) => ({ value: most }))),
});
const parent = fc.constantFrom(ROOT, ROOT, `${ROOT}/d/1`, `${ROOT}/c/1`);
const aggregations = fc.uniqueArray(
  fc.oneof(
    fc.constant({ alias: 'n', count: {} }),
    fc.constant({ alias: 'up', count: { upTo: { value: '2' } } }),
    field.map((each) => ({ alias: 'total', sum: { field: each } })),
    field.map((each) => ({ alias: 'mean', avg: { field: each } })),
  ),
  { selector: ({ alias }) => alias, minLength: 1, maxLength: 3 },
);

const database = fc.constant(DATABASE);
// Of one document once: what Google's emulator reports of a second write differs from what it does.
const writes = fc.uniqueArray(write, {
  selector: (each) => ('delete' in each ? each.delete : each.update.name),
  minLength: 1,
  maxLength: 3,
});
const call: fc.Arbitrary<Call> = fc.oneof(
  { arbitrary: called('Commit', { database, writes }), weight: 6 },
  { arbitrary: called('BatchWrite', { database, writes }), weight: 1 },
  { arbitrary: called('RunQuery', { parent, structuredQuery }), weight: 5 },
  {
    arbitrary: called('RunAggregationQuery', {
      parent,
      structuredAggregationQuery: fc.record({ structuredQuery, aggregations }),
    }),
    weight: 2,
  },
  {
    arbitrary: called('BatchGetDocuments', {
      database,
      documents: fc.array(name, { maxLength: 3 }),
      mask: optional(mask),
    }),
    weight: 1,
  },
  { arbitrary: called('GetDocument', { name, mask: optional(mask) }), weight: 1 },
  {
    arbitrary: called('ListDocuments', {
      parent,
      collectionId: fc.constantFrom('c', 'd'),
      showMissing: fc.boolean(),
      pageSize: fc.constantFrom(0, 2),
    }),
    weight: 1,
  },
  { arbitrary: called('ListCollectionIds', { parent }), weight: 1 },
);

function called(method: string, request: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<Call> {
  return fc.record(request).map((made) => ({ method, request: made }));
}

export const program: fc.Arbitrary<Program> = fc.array(call, { minLength: 1, maxLength: 12 });
