import type { Encoding } from './compiled-schema.ts';
import { requireEncoding } from './schema.ts';

/** What a topic's messages must be (https://cloud.google.com/pubsub/docs/reference/rpc/google.pubsub.v1#schemasettings). */
export interface SchemaSettings {
  readonly schema: string;
  readonly encoding: Encoding;
  /** The oldest revision that is taken; absent: the first there is. */
  readonly firstRevisionId?: string | undefined;
  /** The newest revision that is taken; absent: the last there is. */
  readonly lastRevisionId?: string | undefined;
}

export function settingsOf({
  schema,
  encoding,
  firstRevisionId,
  lastRevisionId,
}: SchemaSettings): SchemaSettings {
  return {
    schema,
    encoding: requireEncoding(encoding),
    ...(firstRevisionId && { firstRevisionId }),
    ...(lastRevisionId && { lastRevisionId }),
  };
}
