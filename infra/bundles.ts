import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import * as z from 'zod';
import { MeshError } from '../shared/contract/errors.ts';

/** What `npm run build` leaves beside the bundles. */
const Manifest = z.object({
  agents: z.record(
    z.string(),
    z.object({
      /** The bundle's folder, from that of the manifest. */
      path: z.string().min(1),
      /** Of the bundle's content: another one is another deployment. */
      sha256: z.string().regex(/^[0-9a-f]{64}$/),
      bytes: z.int().positive(),
      /** What a container is started with, in the bundle's folder. */
      command: z.array(z.string()).min(1).default(['node', 'index.cjs']),
      /** Where the bundle was pushed as an image. */
      image: z
        .string()
        .regex(/^[^@\s]+@sha256:[0-9a-f]{64}$/, 'is not pinned by its digest')
        .optional(),
    }),
  ),
});

export interface Bundle {
  /** Absolute. */
  readonly path: string;
  readonly sha256: string;
  readonly command: readonly string[];
  readonly image?: string;
}

export type Bundles = Readonly<Record<string, Bundle>>;

/**
 * Reads the bundles that are to be deployed.
 *
 * @throws MeshError `ConfigurationInvalid` where nothing was built, or the manifest is none
 */
export function readBundles(manifest: string): Bundles {
  const hint = 'Build the bundles: npm run build';
  const fail = (message: string, cause?: unknown) =>
    new MeshError('ConfigurationInvalid', `${manifest} ${message}`, {
      field: manifest,
      hint,
      ...(cause !== undefined && { cause }),
    });
  if (!existsSync(manifest)) throw fail('does not exist: nothing is built that could be deployed');
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(manifest, 'utf8'));
  } catch (cause) {
    throw fail('is not JSON', cause);
  }
  const parsed = Manifest.safeParse(content);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw fail(`is no manifest of bundles: ${issue?.path.join('.')} ${issue?.message}`);
  }
  return Object.fromEntries(
    Object.entries(parsed.data.agents).map(([agent, { path, sha256, command, image }]) => {
      const folder = resolve(dirname(manifest), path);
      if (!existsSync(folder)) throw fail(`tells of a bundle of ${agent} in ${folder}, which is not there`);
      return [agent, { path: folder, sha256, command, ...(image !== undefined && { image }) }];
    }),
  );
}
