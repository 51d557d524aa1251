import { loadWorkflows } from '../../agents/workflows.ts';
import { MeshError } from '../../shared/contract/errors.ts';
import type { Json } from '../../shared/contract/json.ts';
import { parseAs } from '../../shared/contract/parse.ts';
import type { RunRecord } from '../../shared/workflow/index.ts';
import type { Code } from '../../shared/workflow/runs/index.ts';

type Wanted = Pick<RunRecord, 'agent' | 'workflow' | 'version'>;

/** The code of a run as this checkout holds it; undefined where it does not. */
export async function findCode(wanted: Wanted, agents: string | undefined): Promise<Code | undefined> {
  const hosts = await loadWorkflows(agents);
  const host = hosts.find(({ contract }) => contract.name === wanted.agent);
  const definition = host?.definitions.find(
    ({ name, version }) => name === wanted.workflow && version === wanted.version,
  );
  return host && definition && { contract: host.contract, definition };
}

/** Throws `VersionUnknown`. */
export async function requireCode(wanted: Wanted, agents: string | undefined): Promise<Code> {
  const code = await findCode(wanted, agents);
  if (code) return code;
  const { agent, workflow, version } = wanted;
  throw new MeshError(
    'VersionUnknown',
    `the code here holds no version ${version} of ${workflow}, on ${agent}`,
    {
      field: '--version',
      hint: 'Run this in a checkout that holds it, or name the folder of its agents: --agents <directory>',
    },
  );
}

/**
 * Holds an edited input against the contract. The key stays: under another it would be other work.
 *
 * @throws MeshError `SchemaMismatch`
 */
export function checkInput({ contract }: Code, { workflow, key }: RunRecord, input: Json): void {
  const spec = contract.workflows[workflow];
  if (!spec) return;
  const parsed = parseAs(spec.input, input, 'SchemaMismatch', `the input of ${contract.name}.${workflow}`);
  if (spec.key === undefined) return;
  const given = (parsed as Readonly<Record<string, unknown>>)[spec.key];
  if (String(given) === key) return;
  throw new MeshError(
    'SchemaMismatch',
    `the input has the key ${JSON.stringify(given)}, and the run ${JSON.stringify(key)}`,
    {
      field: spec.key,
      hint: 'Keep the key. For other work, publish it anew: mesh publish',
    },
  );
}
