/** A directory of data cannot be used in the way that was asked for. Nothing was changed. */
export class DataRefused extends Error {
  override readonly name = 'DataRefused';
}
