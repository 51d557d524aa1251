/** One statement of the service's documents, as a program that checks it through the real clients. */
export interface Row<World> {
  readonly title: string;
  /** The document that says so. */
  readonly source: string;
  /** How Google's own emulator is known to differ; absent where it does as the documents say. */
  readonly google?: string;
  check(world: World): Promise<void>;
}
