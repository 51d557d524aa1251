import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { MeshError } from '../../shared/contract/errors.ts';

const FILE = join('.mesh', 'secrets.json');

/**
 * Values of secrets for the local mesh, from the project's `.mesh/secrets.json`: `{"<id>": "<value>"}`. No file is no secrets.
 *
 * @throws MeshError `ConfigurationInvalid`; it shows no value (I12)
 */
export function readLocalSecrets(project: string): Record<string, string> {
  let text: string;
  try {
    text = readFileSync(join(project, FILE), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw invalid(`can't be read: ${(error as NodeJS.ErrnoException).code}`);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw invalid('is not JSON');
  }
  const parsed = z.record(z.string(), z.string()).safeParse(value);
  if (!parsed.success) throw invalid('must be an object of strings');
  return parsed.data;
}

function invalid(problem: string): MeshError {
  return new MeshError('ConfigurationInvalid', `${FILE} ${problem}`, {
    field: FILE,
    hint: 'Write it as {"<id of the secret>": "<value>"}.',
  });
}
