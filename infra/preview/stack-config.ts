import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MeshError } from '../../shared/contract/errors.ts';
import type { Json } from '../../shared/contract/json.ts';
import { readYaml } from './stack-file.ts';

/** A stack's configuration in the form in which the engine hands it to the program. */
export interface StackConfig {
  readonly project: string;
  /** Of the program, from the root. */
  readonly main: string;
  readonly values: Readonly<Record<string, string>>;
  readonly secretKeys: readonly string[];
}

type JsonMap = { readonly [key: string]: Json };

/** What stands for a value that only the engine can decrypt. */
const ENCRYPTED = 'encrypted';

/**
 * Reads `Pulumi.yaml` and `Pulumi.<stack>.yaml` under `root`.
 *
 * @throws MeshError `NotFound` for a stack without a file, naming those that have one; `ConfigurationInvalid` for a file that can't be read
 */
export async function readStackConfig(root: string, stack: string): Promise<StackConfig> {
  const project = asMap(readYaml(await readFile(join(root, 'Pulumi.yaml'), 'utf8'), 'Pulumi.yaml'));
  const file = `Pulumi.${stack}.yaml`;
  const text = await readFile(join(root, file), 'utf8').catch(() => {
    throw new MeshError('NotFound', `there is no ${file}`, {
      field: 'stack',
      hint: `Name a stack whose file is beside Pulumi.yaml, or make one: pulumi stack init ${stack}`,
    });
  });
  const config = asMap(asMap(readYaml(text, file)).config ?? {});
  const name = String(project.name);
  const values: Record<string, string> = {};
  const secretKeys: string[] = [];
  for (const [short, value] of Object.entries(config)) {
    const key = short.includes(':') ? short : `${name}:${short}`;
    const secret = typeof value === 'object' && value !== null && 'secure' in value;
    if (secret) secretKeys.push(key);
    values[key] = secret ? ENCRYPTED : typeof value === 'object' ? JSON.stringify(value) : String(value);
  }
  return { project: name, main: String(project.main), values, secretKeys };
}

function asMap(value: Json): JsonMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonMap) : {};
}
