/** What the catalogue says of one code. */
export interface ErrorKind {
  /** `true`: the same message may succeed later (it is retried). `false`: it never will (it becomes a dead letter). */
  readonly retry: boolean;
  readonly summary: string;
  /** What the reader can do. Shown when the error carries no hint of its own. */
  readonly hint: string;
}
