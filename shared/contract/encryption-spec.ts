/** Where a contract says that the payloads of its agent are encrypted. */
export interface EncryptionSpec {
  /**
   * The field of the input that names the tenant, for messages that come without one, such as `customerId`. Left out, or where the input has
   * no such field: the tenant `default`. What follows from a message belongs to its tenant.
   */
  readonly tenant?: string;
}
