import fc from 'fast-check';
import type { FieldValue } from '../../shared/contract/store.ts';

/** Any value that a field of a document may hold. */
export function anyField(): fc.Arbitrary<FieldValue> {
  const { value } = fc.letrec<{ value: FieldValue; map: FieldValue }>((tie) => ({
    map: fc.dictionary(fc.string({ minLength: 1, maxLength: 5 }), tie('value'), { maxKeys: 4 }),
    value: fc.oneof(
      { maxDepth: 4 },
      fc.constant(null),
      fc.boolean(),
      fc.double(),
      fc.string(),
      fc.date({ noInvalidDate: true }),
      fc.uint8Array({ maxLength: 20 }),
      fc.array(tie('map'), { maxLength: 3 }),
      tie('map'),
    ),
  }));
  return value;
}
