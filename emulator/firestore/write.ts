import { StatusError } from '../wire/status.ts';
import { type Document, fieldAt, withField, withoutField } from './document.ts';
import { type FieldPath, formatFieldPath } from './field-path.ts';
import { MAX_TRANSFORMS, measureDocument } from './limits.ts';
import { packed } from './packed-fields.ts';
import { checkDocumentPath } from './path.ts';
import { checkPrecondition, type Precondition } from './precondition.ts';
import type { Micros } from './time.ts';
import { applyTransform, type Transform } from './transform.ts';
import { EMPTY_FIELDS, type Fields, identicalFields, type Value } from './value.ts';

/** One change of one document, part of a commit. */
export type Write =
  | {
      readonly op: 'set';
      readonly path: string;
      readonly fields: Fields;
      /** Change only these fields: set those that `fields` has, delete those that it lacks. Without it, all is replaced. */
      readonly mask?: readonly FieldPath[] | undefined;
      /** Applied after the fields, in order. */
      readonly transforms?: readonly Transform[] | undefined;
      readonly precondition?: Precondition | undefined;
    }
  | { readonly op: 'delete'; readonly path: string; readonly precondition?: Precondition | undefined };

/** What a write did. */
export interface WriteResult {
  /** The document's update time after the write, which stays what it was when the write changed nothing; none after a delete. */
  readonly updateTime: Micros | undefined;
  /** One for each transform, in order. */
  readonly transformResults: readonly Value[];
}

/**
 * The document after a write, given the one before. Pure; `root` is the database's `…/documents`, for messages.
 * @throws StatusError of its precondition, or INVALID_ARGUMENT over a limit
 */
export function applyWrite(
  write: Write,
  before: Document | undefined,
  commitTime: Micros,
  root: string,
): { after: Document | undefined; result: WriteResult } {
  const name = `${root}/${write.path}`;
  checkPrecondition(write.precondition, before, name);
  if (write.op === 'delete')
    return { after: undefined, result: { updateTime: undefined, transformResults: [] } };

  let fields = write.mask ? merge(before?.fields ?? EMPTY_FIELDS, write.fields, write.mask) : write.fields;
  const transformResults: Value[] = [];
  for (const transform of write.transforms ?? []) {
    const { value, result } = applyTransform(transform, fieldAt(fields, transform.field), commitTime);
    fields = withField(fields, transform.field, value);
    transformResults.push(result);
  }
  // Measured even where nothing changes: a bad value is an error all the same.
  const size = measureDocument(name, write.path, fields);
  const after =
    before && identicalFields(before.fields, fields)
      ? before
      : {
          path: write.path,
          fields: packed(fields),
          createTime: before?.createTime ?? commitTime,
          updateTime: commitTime,
          size,
        };
  return { after, result: { updateTime: after.updateTime, transformResults } };
}

/** What is wrong with a write whatever is stored. `root` is shown in messages. @throws StatusError INVALID_ARGUMENT */
export function checkWrite(write: Write, root: string): void {
  checkDocumentPath(write.path, root);
  const transforms = write.op === 'set' ? (write.transforms ?? []) : [];
  for (const each of transforms)
    if ('operand' in each && each.operand.type !== 'integer' && each.operand.type !== 'double')
      throw new StatusError('INVALID_ARGUMENT', 'Input must be int64 or double.');
  if (transforms.length > MAX_TRANSFORMS)
    throw new StatusError(
      'INVALID_ARGUMENT',
      `A document cannot have more than ${MAX_TRANSFORMS} field transforms.`,
    );
  if (transforms.length < 2) return;
  const fields = new Set(transforms.map(({ field }) => formatFieldPath(field)));
  for (const { field } of transforms)
    for (let depth = 1; depth < field.length; depth++) {
      const outer = formatFieldPath(field.slice(0, depth));
      if (fields.has(outer))
        throw new StatusError(
          'INVALID_ARGUMENT',
          `Cannot transform property ${outer} and its nested property at the same time.`,
        );
    }
}

function merge(stored: Fields, given: Fields, mask: readonly FieldPath[]): Fields {
  let fields = stored;
  for (const field of mask) {
    const value = fieldAt(given, field);
    fields = value ? withField(fields, field, value) : withoutField(fields, field);
  }
  return fields;
}
