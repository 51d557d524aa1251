import { type Clock, systemClock } from '../../shared/contract/clock.ts';
import { AccessControl } from '../iam/access-control.ts';
import { addApi, GrpcServer } from '../wire/grpc/server.ts';
import { openPort } from '../wire/port.ts';
import { Protocol } from '../wire/protocol.ts';
import type { OnRequest } from '../wire/request-log.ts';
import { withCors } from '../wire/rest/cors.ts';
import { createRest } from '../wire/rest/rest-api.ts';
import { adminApis, operationRules } from './admin/api.ts';
import type { DatabaseKeeper } from './database.ts';
import type { IndexConfiguration } from './index/definition.ts';
import { FirestoreStore } from './store.ts';
import { documentRules, firestoreApi } from './wire/api.ts';
import { CallCounter, limitRequests } from './wire/calls.ts';
import { withEmulatorPaths } from './wire/emulator-paths.ts';

export interface FirestoreOptions {
  /** 0, the default, takes any free port. */
  readonly port?: number;
  readonly host?: string;
  readonly clock?: Clock;
  /** The indexes that every database is said to have. */
  readonly indexes?: IndexConfiguration;
  /** Refuse the queries that production refuses for want of an index. Default: answer them all. */
  readonly requireIndexes?: boolean;
  /** Who may do what; refuses nobody unless given. */
  readonly access?: AccessControl;
  /** Told of each request when it is answered. */
  readonly onRequest?: OnRequest;
  /** Keeps what the databases hold beyond the process. */
  readonly keeper?: StoreKeeper;
  /** The port opens when this resolves: when what was kept is there again, say. */
  readonly restored?: Promise<void>;
}

/** A keeper of the databases that is told which store they are in. */
export interface StoreKeeper extends DatabaseKeeper {
  keeps(store: FirestoreStore): void;
}

export interface FirestoreServer {
  /** What `FIRESTORE_EMULATOR_HOST` is set to. */
  readonly address: string;
  readonly port: number;
  /** The databases behind it. */
  readonly store: FirestoreStore;
  /** How often each method was called since the start or `resetCalls`: `{ Commit: 3, BatchGetDocuments: 1 }`. */
  readonly calls: Readonly<Record<string, number>>;
  resetCalls(): void;
  close(): Promise<void>;
}

/** Starts a local Firestore, in memory. Rejects with Node's error when the port cannot be had. */
export async function startFirestore({
  clock = systemClock,
  indexes,
  requireIndexes,
  access = new AccessControl(),
  keeper,
  restored,
  ...listen
}: FirestoreOptions = {}): Promise<FirestoreServer> {
  const store = new FirestoreStore(clock, { indexes, requireIndexes, keeper });
  keeper?.keeps(store);
  const counter = new CallCounter();
  const grpc = new GrpcServer(listen.onRequest);
  const protocol = new Protocol('@google-cloud/firestore-api/build/protos/protos.json');
  const api = firestoreApi(store, access, protocol);
  grpc.add(limitRequests(protocol.service(api.service)), api, counter.count);
  const admin = adminApis(store, access, protocol);
  for (const each of admin) addApi(grpc, each);
  const apis = createRest({ apis: [api, ...admin], rules: [...documentRules, ...operationRules] });
  const rest = withCors(withEmulatorPaths(apis, store, access));
  await restored;
  const port = await openPort({ ...listen, grpc, rest });
  return {
    address: port.address,
    port: port.port,
    store,
    calls: counter.calls,
    resetCalls: () => counter.reset(),
    close: () => port.close(),
  };
}
