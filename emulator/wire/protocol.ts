import { createRequire } from 'node:module';
import type { ServiceDefinition } from '@grpc/grpc-js';
import protobuf, {
  type AnyNestedObject,
  type IConversionOptions,
  type Method,
  type Root,
  type Type,
} from 'protobufjs';

import { TextReader } from './text-reader.ts';

const require = createRequire(import.meta.url);

/** 64-bit integers become strings, enums their names; absent fields stay absent. */
const DECODED: IConversionOptions = { longs: String, enums: String, oneofs: true };

/**
 * The protocol definitions that ship inside a Google client package, such as
 * `@google-cloud/pubsub-api/build/protos/protos.json`, so that the local servers speak exactly the clients' protocol.
 */
export class Protocol {
  readonly root: Root;

  constructor(source: string | Root) {
    this.root = typeof source === 'string' ? protobuf.Root.fromJSON(require(source)) : source;
  }

  /** A protocol that is written down here. */
  static of(space: string, nested: Record<string, AnyNestedObject>): Protocol {
    const root = new protobuf.Root();
    root.define(space, nested);
    return new Protocol(root);
  }

  /** One service, by its full name: `google.pubsub.v1.Publisher`. */
  service(name: string): ServiceDefinition {
    const methods = this.root.lookupService(name).methodsArray;
    return Object.fromEntries(methods.map((method) => [method.name, definitionOf(name, method)]));
  }
}

function definitionOf(service: string, method: Method) {
  method.resolve();
  const { resolvedRequestType: request, resolvedResponseType: response } = method;
  if (!request || !response) throw new Error(`the protocol does not define the messages of ${method.name}`);
  return {
    path: `/${service}/${method.name}`,
    requestStream: method.requestStream ?? false,
    responseStream: method.responseStream ?? false,
    requestSerialize: encoderOf(request),
    requestDeserialize: decoderOf(request),
    responseSerialize: encoderOf(response),
    responseDeserialize: decoderOf(response),
  };
}

function decoderOf(type: Type): (bytes: Buffer) => object {
  return (bytes) => type.toObject(type.decode(new TextReader(bytes)), DECODED);
}

function encoderOf(type: Type): (message: unknown) => Buffer {
  return (message) => type.encode(type.fromObject(message as object)).finish() as Buffer;
}
