import { createRequire } from 'node:module';
import type { ServiceDefinition } from '@grpc/grpc-js';
import protobuf, { type IConversionOptions, type Method, type Root, type Type } from 'protobufjs';

const require = createRequire(import.meta.url);

/** 64-bit integers become strings, enums their names; absent fields stay absent. */
const DECODED: IConversionOptions = { longs: String, enums: String, oneofs: true };

/** How one kind of message is read and written, in place of the general way: for what is sent by the thousand. */
export interface Codec {
  readonly decode?: (bytes: Buffer) => object;
  readonly encode?: (message: never) => Buffer;
}

/**
 * The protocol definitions that ship inside a Google client package, such as
 * `@google-cloud/pubsub-api/build/protos/protos.json`, so that the local servers speak exactly the clients' protocol.
 */
export class Protocol {
  readonly root: Root;

  constructor(protosJson: string) {
    this.root = protobuf.Root.fromJSON(require(protosJson));
  }

  /** One service, by its full name. `codecs` are by the full names of messages: `google.pubsub.v1.PublishRequest`. */
  service(name: string, codecs: Readonly<Record<string, Codec>> = {}): ServiceDefinition {
    const methods = this.root.lookupService(name).methodsArray;
    return Object.fromEntries(methods.map((method) => [method.name, definitionOf(name, method, codecs)]));
  }
}

function definitionOf(service: string, method: Method, codecs: Readonly<Record<string, Codec>>) {
  method.resolve();
  const { resolvedRequestType: request, resolvedResponseType: response } = method;
  if (!request || !response) throw new Error(`the protocol does not define the messages of ${method.name}`);
  const answer = codecs[response.fullName.slice(1)];
  const ask = codecs[request.fullName.slice(1)];
  return {
    path: `/${service}/${method.name}`,
    requestStream: method.requestStream ?? false,
    responseStream: method.responseStream ?? false,
    requestSerialize: encoderOf(request, ask),
    requestDeserialize: decoderOf(request, ask),
    responseSerialize: encoderOf(response, answer),
    responseDeserialize: decoderOf(response, answer),
  };
}

function decoderOf(type: Type, codec: Codec | undefined): (bytes: Buffer) => object {
  // Of a Buffer, protobufjs takes a text that ends early: a plain array is read strictly.
  const plain = (bytes: Buffer) => new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return codec?.decode ?? ((bytes) => type.toObject(type.decode(plain(bytes)), DECODED));
}

function encoderOf(type: Type, codec: Codec | undefined): (message: unknown) => Buffer {
  const { encode } = codec ?? {};
  if (encode) return (message) => encode(message as never);
  return (message) => type.encode(type.fromObject(message as object)).finish() as Buffer;
}
