import type { UntypedServiceImplementation } from '@grpc/grpc-js';
import type { AccessControl } from '../../iam/access-control.ts';
import type { Api } from '../../wire/api.ts';
import type { FirestoreStore } from '../store.ts';
import { streaming, unary } from './calls.ts';
import { listenStream } from './listen-stream.ts';
import { writeStream } from './write-stream.ts';

/** google.firestore.v1.Firestore over gRPC. */
export function firestoreService(
  { methods, lists = {} }: Api,
  store: FirestoreStore,
  access: AccessControl,
): UntypedServiceImplementation {
  const service: UntypedServiceImplementation = {
    Write: writeStream(store, access),
    Listen: listenStream(store, access),
  };
  for (const [name, serve] of Object.entries(methods)) service[name] = unary(serve);
  for (const [name, serve] of Object.entries(lists)) service[name] = streaming(serve);
  return service;
}
