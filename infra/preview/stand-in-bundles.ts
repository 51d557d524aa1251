import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder to be given as `MESH_BUNDLES`. */
export interface StandInBundles {
  readonly folder: string;
  remove(): void;
}

/**
 * Stands for bundles that were not built: a manifest of the agents under `root`, each with an empty bundle and a hash of its name. What
 * a program deploys is the same with them, but for the hashes.
 */
export function standInBundles(root: string): StandInBundles {
  const folder = mkdtempSync(join(tmpdir(), 'mesh-unbuilt-'));
  const agents = readdirSync(join(root, 'agents')).filter((name) =>
    existsSync(join(root, 'agents', name, 'contract.ts')),
  );
  mkdirSync(join(folder, 'unbuilt'));
  writeFileSync(join(folder, 'unbuilt', 'index.cjs'), '');
  const bundles = agents.map((agent) => {
    const sha256 = createHash('sha256').update(`unbuilt ${agent}`).digest('hex');
    return [
      agent,
      { path: 'unbuilt', sha256, bytes: 1, image: `unbuilt/${agent}@sha256:${sha256}` },
    ] as const;
  });
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify({ agents: Object.fromEntries(bundles) }));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
