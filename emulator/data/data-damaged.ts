/** A file of a data directory is not what it should be. Nothing was changed. */
export class DataDamaged extends Error {
  override readonly name = 'DataDamaged';
}
