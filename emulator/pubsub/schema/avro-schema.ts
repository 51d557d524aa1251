import { createRequire } from 'node:module';
import type { Type, types } from 'avsc';
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
      if (encoding === 'BINARY') {
        type.fromBuffer(bytes);
        return;
      }
      const text = bytes.toString();
      try {
        type.fromString(text);
      } catch (error) {
        const missing = error instanceof SyntaxError ? undefined : missingField(type, JSON.parse(text));
        throw missing === undefined ? error : new Error(`the field "${missing}" is missing`);
      }
    },
  };
}

/** The path of a field that a record of the type has, and the JSON lacks: avsc tells of the type alone. Undefined where there is none. */
function missingField(type: Type, json: unknown, path = ''): string | undefined {
  if (!isRecordType(type) || !isObject(json)) return undefined;
  for (const field of type.fields) {
    const at = path ? `${path}.${field.name}` : field.name;
    if (!Object.hasOwn(json, field.name)) {
      if (field.defaultValue() === undefined) return at;
      continue;
    }
    const within = missingField(field.type, json[field.name], at);
    if (within !== undefined) return within;
  }
  return undefined;
}

function isRecordType(type: Type): type is types.RecordType {
  return type.typeName === 'record';
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
