import { createRequire } from 'node:module';
import type { CompiledSchema } from './compiled-schema.ts';

/** Loaded with the first schema: most programs have none. */
const require = createRequire(import.meta.url);

/** A schema of Avro (https://avro.apache.org/docs/1.11.1/specification/), which its JSON encoding too belongs to. */
export function compileAvro(definition: string): CompiledSchema {
  const avro: typeof import('avsc') = require('avsc');
  const type = avro.Type.forSchema(JSON.parse(definition), { wrapUnions: true, noAnonymousTypes: true });
  return {
    check(data, encoding) {
      const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
      if (encoding === 'JSON') type.fromString(bytes.toString());
      else type.fromBuffer(bytes);
    },
  };
}
