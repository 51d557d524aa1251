/** Secrets, as a port. Implementation: Secret Manager. */
export interface Secrets {
  /**
   * The value of the secret's newest version, remembered for a while.
   *
   * @param name the secret's id as the contract names it
   * @throws MeshError `SecretMissing`
   */
  get(name: string): Promise<string>;
  /** The text without the values that were ever given out: for an error that goes into a document or a message (I12). */
  redact(text: string): string;
}
