export type SchemaType = 'AVRO' | 'PROTOCOL_BUFFER';
export type Encoding = 'JSON' | 'BINARY';

/** Tells messages that a schema describes from others. */
export interface CompiledSchema {
  /** Throws for bytes that are no message of the schema. */
  check(data: Uint8Array, encoding: Encoding): void;
}
