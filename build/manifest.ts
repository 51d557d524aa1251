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
  /**
   * Of all of its files but the code cache, their names and their content: what does something else has another. In hexadecimal. The
   * code cache is left out because two recordings of one code may differ in a function that ran in one of them only.
   */
  readonly sha256: string;
  /** All of its files together. */
  readonly bytes: number;
  readonly codeBytes: number;
  readonly cache: { readonly bytes: number; readonly sha256: string };
  /** What a functions framework loads, and its target. */
  readonly entry: string;
  readonly target: string;
  /** What a container is started with, in the bundle's folder. */
  readonly command: readonly string[];
}
