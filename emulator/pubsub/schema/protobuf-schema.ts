import protobuf, { type Type } from 'protobufjs';
import { readMessage } from '../../wire/rest/proto-json.ts';
import type { CompiledSchema } from './compiled-schema.ts';

/**
 * A schema of protocol buffers (https://cloud.google.com/pubsub/docs/schemas#schema_types): one top-level message and no
 * imports.
 */
export function compileProtobuf(definition: string): CompiledSchema {
  const { root, imports = [], weakImports = [] } = protobuf.parse(definition);
  const [imported] = [...imports, ...weakImports];
  if (imported !== undefined) throw new Error(`imports are not supported, and it imports "${imported}"`);
  const messages = topMessages(root);
  const [type] = messages;
  if (!type || messages.length > 1) {
    throw new Error(`there must be one top-level message type, and there are ${messages.length}`);
  }
  root.resolveAll();
  return {
    check(data, encoding) {
      // Of a Buffer, protobufjs takes a text that ends early.
      if (encoding === 'BINARY') type.decode(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
      else readMessage(type, JSON.parse(Buffer.from(data).toString()));
    },
  };
}

/** A package nests its messages in namespaces that are no messages themselves. */
function topMessages(space: protobuf.NamespaceBase): Type[] {
  return space.nestedArray.flatMap((nested) => {
    if (nested instanceof protobuf.Type) return [nested];
    return nested instanceof protobuf.Namespace ? topMessages(nested) : [];
  });
}
