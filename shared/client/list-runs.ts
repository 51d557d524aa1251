import {
  type AttributeQuery,
  type AttributeSpecs,
  type AttributeType,
  attributeValue,
  specOf,
} from '../contract/attributes.ts';
import { MeshError } from '../contract/errors.ts';
import type { RunStatus } from '../workflow/index.ts';
import type { AttributeCondition, RunFilter } from '../workflow/runs/index.ts';
import type { RunFacts } from './run-facts.ts';

/** Which runs; what is left out does not matter. */
export interface ListFilter<Attributes extends AttributeSpecs = AttributeSpecs> {
  /** A reference types `attributes`, and is needed for them. */
  readonly workflow?: string | { readonly name: string; readonly attributes: Attributes };
  readonly status?: RunStatus;
  readonly key?: string;
  /** The agent that hosts them. */
  readonly agent?: string;
  readonly createdFrom?: Date;
  readonly createdBefore?: Date;
  /**
   * Search attributes: a value, or a range of a number or a date. A range can be combined with the workflow and a status only, and the runs
   * then come in order of that attribute, the highest first.
   */
  readonly attributes?: { readonly [Name in keyof Attributes]?: AttributeQuery<Attributes[Name]> };
}

export interface ListOptions {
  /** Runs on a page: 1 to 1,000. Default 100. */
  readonly limit?: number;
  /** `next` of the page before. Left out: the first page. */
  readonly page?: string;
}

export interface RunList {
  /** Newest first. */
  readonly runs: readonly RunFacts[];
  /** What to ask for the next page with; left out on the last one. */
  readonly next?: string;
}

/** @throws MeshError `SchemaMismatch` for an attribute of another type, `UsageInvalid` for one that is not declared */
export function runFilterOf<Attributes extends AttributeSpecs>(filter: ListFilter<Attributes>): RunFilter {
  const { workflow, attributes, ...rest } = filter;
  const ref = typeof workflow === 'object' ? workflow : undefined;
  const name = ref?.name ?? (typeof workflow === 'string' ? workflow : undefined);
  const conditions = Object.entries<unknown>(attributes ?? {}).map(([attribute, asked]) => {
    const declared: AttributeSpecs = ref?.attributes ?? {};
    const spec = Object.hasOwn(declared, attribute) ? declared[attribute] : undefined;
    if (spec === undefined)
      throw new MeshError('UsageInvalid', `no attribute ${JSON.stringify(attribute)} is declared`, {
        field: `attributes.${attribute}`,
        hint: `Give the reference of a workflow that declares it${ref ? `; ${ref.name} declares ${Object.keys(declared).join(', ') || 'none'}` : ''}.`,
      });
    return conditionOf(attribute, specOf(spec).type, asked);
  });
  return {
    ...rest,
    ...(name !== undefined && { workflow: name }),
    ...(conditions.length > 0 && { attributes: conditions }),
  };
}

/** What is asked of an attribute of this type. Throws `SchemaMismatch`. */
function conditionOf(name: string, type: AttributeType, asked: unknown): AttributeCondition {
  const field = `attributes.${name}`;
  const value = (part: unknown, as = type) => attributeValue(as, part, 'the filter', field);
  if (type === 'keywords') return { name, contains: String(value(asked, 'keyword')) };
  if (!isRange(asked)) return { name, equals: value(asked) };
  if (type !== 'number' && type !== 'date')
    throw new MeshError('SchemaMismatch', `the filter: ${field}: a ${type} has no range`, { field });
  const bound = (part: unknown) => {
    const given = value(part);
    return typeof given === 'number' || given instanceof Date ? given : undefined;
  };
  const from = asked.from === undefined ? undefined : bound(asked.from);
  const before = asked.before === undefined ? undefined : bound(asked.before);
  return { name, ...(from !== undefined && { from }), ...(before !== undefined && { before }) };
}

function isRange(asked: unknown): asked is { readonly from?: unknown; readonly before?: unknown } {
  return typeof asked === 'object' && asked !== null && !(asked instanceof Date) && !Array.isArray(asked);
}
