import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { MeshError } from '../shared/contract/index.ts';

/**
 * Loads the code of an agent as its process does: its `index.ts`, where it has one. For the check of an agents' folder.
 *
 * @throws MeshError what the code throws as it is loaded, or `ContractInvalid` with the field `index.ts`
 */
export async function loadEntry(directory: string, agent: string): Promise<void> {
  const file = join(directory, agent, 'index.ts');
  if (!existsSync(file)) return;
  try {
    await import(pathToFileURL(file).href);
  } catch (cause) {
    if (cause instanceof MeshError) throw cause;
    const message = `${agent}/index.ts does not load: ${cause instanceof Error ? cause.message : String(cause)}`;
    throw new MeshError('ContractInvalid', message, { field: 'index.ts', cause });
  }
}
