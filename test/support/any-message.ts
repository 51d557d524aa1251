import fc from 'fast-check';
import protobuf, { type Field, type Type } from 'protobufjs';

/** Any message of a type, as deep as `depth`; `texts` are the texts worth trying. */
export function anyMessage(type: Type, texts: readonly string[], depth = 5): fc.Arbitrary<object> {
  const chosen = type.oneofsArray.map((oneof) =>
    fc.option(fc.constantFrom(...oneof.fieldsArray), { nil: undefined }),
  );
  const free = type.fieldsArray.filter(({ partOf }) => !partOf);
  return fc.tuple(...chosen).chain((members) => {
    const fields = [...free, ...members.filter((member) => member !== undefined)];
    const record: Record<string, fc.Arbitrary<unknown>> = {};
    for (const field of fields) {
      const value = anyField(field, texts, depth - 1);
      // What a oneof has chosen is there; of the rest, half.
      if (value) record[field.name] = field.partOf ? value : fc.option(value, { nil: undefined, freq: 1 });
    }
    return fc.record(record).map(withoutAbsent);
  });
}

function anyField(field: Field, texts: readonly string[], depth: number): fc.Arbitrary<unknown> | undefined {
  const { resolvedType } = field.resolve();
  if (resolvedType instanceof protobuf.Type && depth <= 0) return undefined;
  const single = anySingle(field, texts, depth);
  if (field.map)
    return fc.dictionary(fc.constantFrom('a', '', '__name__', 'b.c', ...texts), single, { maxKeys: 2 });
  return field.repeated ? fc.array(single, { maxLength: 2 }) : single;
}

function anySingle(
  { type, resolvedType }: Field,
  texts: readonly string[],
  depth: number,
): fc.Arbitrary<unknown> {
  if (resolvedType instanceof protobuf.Enum)
    return fc.constantFrom(...Object.values(resolvedType.values), 99);
  if (resolvedType) return anyMessage(resolvedType, texts, depth);
  switch (type) {
    case 'string':
      return fc.oneof(
        { arbitrary: fc.constantFrom(...texts), weight: 6 },
        fc.string({ unit: 'grapheme', maxLength: 8 }),
      );
    case 'bytes':
      return fc.uint8Array({ maxLength: 8 }).map((bytes) => Buffer.from(bytes));
    case 'bool':
      return fc.boolean();
    case 'double':
    case 'float':
      return fc.oneof(fc.double(), fc.constantFrom(0, 1, -1));
    default:
      return type.endsWith('64')
        ? fc
            .oneof(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.constantFrom(0n, 1n, 2n))
            .map(String)
        : fc.oneof(fc.integer(), fc.constantFrom(0, 1, 2));
  }
}

function withoutAbsent(record: object): object {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined));
}
