import { runFilterOf } from '../../shared/client/list-runs.ts';
import type { Contract } from '../../shared/contract/agent.ts';
import {
  type AttributeQuery,
  type AttributeSpecs,
  type AttributeType,
  attributeValue,
  specOf,
} from '../../shared/contract/attributes.ts';
import { MeshError } from '../../shared/contract/errors.ts';
import type { RunStatus } from '../../shared/workflow/index.ts';
import type { RunFilter } from '../../shared/workflow/runs/index.ts';
import { readContracts } from '../contracts.ts';

/** Which runs, as the options of a command say it. */
export interface FilterOptions {
  readonly workflow?: string;
  readonly status?: RunStatus;
  readonly key?: string;
  readonly agent?: string;
  readonly since?: Date;
  readonly until?: Date;
  /** `customer=ada`, `total>=100`, `total<200`. */
  readonly where?: readonly string[];
}

/** @throws MeshError `UsageInvalid`, `SchemaMismatch` for a condition on an attribute */
export async function filterOf(options: FilterOptions, agents?: string): Promise<RunFilter> {
  const { workflow, status, key, agent, since, until, where = [] } = options;
  const conditions = where.map(conditionOf);
  const declared = conditions.length === 0 ? {} : attributesIn(await readContracts(agents), workflow);
  const asked: Record<string, AttributeQuery> = {};
  for (const condition of conditions)
    asked[condition.name] = queryOf(condition, declared, asked[condition.name]);
  const ref = { name: workflow ?? '', attributes: declared };
  const { attributes } = runFilterOf<AttributeSpecs>({ workflow: ref, attributes: asked });
  return {
    ...(workflow !== undefined && { workflow }),
    ...(status !== undefined && { status }),
    ...(key !== undefined && { key }),
    ...(agent !== undefined && { agent }),
    ...(since && { createdFrom: since }),
    ...(until && { createdBefore: until }),
    ...(attributes && { attributes }),
  };
}

interface Condition {
  readonly name: string;
  readonly op: string;
  readonly text: string;
}

const CONDITION = /^([a-z][A-Za-z0-9]*)(>=|<|=)(.*)$/s;

function conditionOf(condition: string): Condition {
  const [, name, op = '', text = ''] = CONDITION.exec(condition) ?? [];
  if (name !== undefined) return { name, op, text };
  throw new MeshError('UsageInvalid', `${JSON.stringify(condition)} is no condition on an attribute`, {
    field: '--where',
    hint: "Write 'customer=ada', 'total>=100' or 'total<200'.",
  });
}

/** The attributes of the workflow, or of all, with their types. */
function attributesIn(
  contracts: readonly Contract[],
  workflow: string | undefined,
): Readonly<Record<string, AttributeType>> {
  const types: Record<string, AttributeType> = {};
  for (const { workflows } of contracts)
    for (const [name, { attributes = {} }] of Object.entries(workflows)) {
      if (workflow !== undefined && workflow !== name) continue;
      for (const [attribute, spec] of Object.entries(attributes)) {
        const { type } = specOf(spec);
        if (types[attribute] !== undefined && types[attribute] !== type)
          throw new MeshError('UsageInvalid', `workflows differ in the type of the attribute ${attribute}`, {
            field: '--where',
            hint: 'Name one of them: --workflow <name>',
          });
        types[attribute] = type;
      }
    }
  return types;
}

/** What the condition asks, with what the conditions before it asked of the same attribute. */
function queryOf(
  { name, op, text }: Condition,
  declared: Readonly<Record<string, AttributeType>>,
  before: AttributeQuery | undefined,
): AttributeQuery {
  // One that is not declared is refused by whoever takes the filter.
  const type = Object.hasOwn(declared, name) ? declared[name] : undefined;
  if (type === 'number' || type === 'date') {
    const value = attributeValue(
      type,
      type === 'number' ? Number(text || Number.NaN) : text,
      '--where',
      name,
    );
    if (op === '=') return value instanceof Date ? value : Number(value);
    const bound = op === '<' ? { before: value } : { from: value };
    const range = typeof before === 'object' && !(before instanceof Date) ? before : {};
    return { ...range, ...bound } as AttributeQuery<'number'>;
  }
  if (op !== '=')
    throw new MeshError('UsageInvalid', `${name} is neither a number nor a date, and has no range`, {
      field: '--where',
    });
  return type === 'boolean' && (text === 'true' || text === 'false') ? text === 'true' : text;
}
