/** What `npm run build` made: `dist/manifest.json`. Infrastructure deploys from it. */
export interface BuildManifest {
  /** The version of Node whose V8 made the code caches: another's starts without them, and serves all the same. */
  readonly node: string;
  readonly agents: Readonly<Record<string, BundleEntry>>;
}

/** The bundle of one agent. */
export interface BundleEntry {
  /** Its folder, from the manifest's. */
  readonly path: string;
  /** Of all of its files, their names and their content: another bundle has another. In hexadecimal. */
  readonly sha256: string;
  /** All of its files together. */
  readonly bytes: number;
  readonly codeBytes: number;
  /** 0 where it has no code cache. */
  readonly cacheBytes: number;
  /** What a functions framework loads, and its target. */
  readonly entry: string;
  readonly target: string;
  /** What a container is started with, in the bundle's folder. */
  readonly command: readonly string[];
}
