import { type AttributeValue, attributeValue, specOf } from '../../contract/attributes.ts';
import { MeshError } from '../../contract/errors.ts';
import type { WorkflowContext } from '../context.ts';
import type { WorkflowDefinition } from '../definition.ts';
import { encodeAttributes } from '../run-attributes.ts';
import type { Scope } from '../scope.ts';

export function setAttributes(
  scope: Scope,
  { name: workflow }: Pick<WorkflowDefinition, 'name'>,
): WorkflowContext['setAttributes'] {
  return (changes) => {
    const declared = scope.contract.workflows[workflow]?.attributes ?? {};
    const what = `the attributes of the workflow ${workflow}`;
    const set: Record<string, AttributeValue | null> = {};
    for (const [name, value] of Object.entries(changes)) {
      if (value === undefined) continue;
      const spec = Object.hasOwn(declared, name) ? declared[name] : undefined;
      if (spec === undefined)
        throw new MeshError('ContractInvalid', `${what}: the contract declares no ${JSON.stringify(name)}`, {
          field: `workflows.${workflow}.attributes.${name}`,
        });
      set[name] = value === null ? null : attributeValue(specOf(spec).type, value, what, name);
    }
    void scope.step({
      op: 'setAttributes',
      name: 'setAttributes',
      begin: () => ({ set: encodeAttributes(set) }),
      decode: () => undefined,
    });
  };
}
