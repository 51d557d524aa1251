import { createRequire } from 'node:module';
import type { ServiceDefinition } from '@grpc/grpc-js';
import { fromJSON, type PackageDefinition } from '@grpc/proto-loader';

const require = createRequire(import.meta.url);

/**
 * Loads the protocol definitions that ship inside one of the Google client packages, such as
 * `@google-cloud/pubsub-api/build/protos/protos.json`, so that the local servers speak exactly the clients' protocol.
 * 64-bit integers become strings, bytes become Buffers, enums their names; absent fields stay absent.
 */
export function loadProtocol(protosJson: string): PackageDefinition {
  return fromJSON(require(protosJson), {
    longs: String,
    enums: String,
    bytes: Buffer,
    oneofs: true,
  } as never);
}

/** One service of a loaded protocol, by its full name: `google.pubsub.v1.Publisher`. */
export function serviceOf(protocol: PackageDefinition, name: string): ServiceDefinition {
  const service = protocol[name];
  if (!service || 'format' in service) throw new Error(`the protocol has no service ${name}`);
  return service as ServiceDefinition;
}
