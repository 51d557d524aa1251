import {
  Client,
  type ClientDuplexStream,
  type ClientReadableStream,
  credentials,
  Metadata,
  type ServiceError,
} from '@grpc/grpc-js';
import { loadProtocol, serviceOf } from '../../emulator/wire/service.ts';

const PROTOS = '@google-cloud/firestore-api/build/protos/protos.json';
export type ServiceName = 'google.firestore.v1.Firestore' | 'google.firestore.admin.v1.FirestoreAdmin';

/** What a call came to: answers (one, or a stream's), or a status. */
export type Outcome =
  | { readonly answers: readonly unknown[] }
  | { readonly code: number; readonly message: string };

/** Calls a Firestore without Google's client, which keeps much from ever being sent. */
export class FirestoreWire {
  readonly #client: Client;
  readonly #service: ReturnType<typeof serviceOf>;

  constructor(address: string, service: ServiceName = 'google.firestore.v1.Firestore') {
    this.#client = new Client(address, credentials.createInsecure());
    this.#service = serviceOf(loadProtocol(PROTOS), service);
  }

  /** The one answer of a method; rejects with its status. */
  ask(name: string, request: object): Promise<unknown> {
    const { path, requestSerialize, responseDeserialize } = this.#method(name);
    return new Promise((resolve, reject) =>
      this.#client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        OWNER,
        (error, response) => (error ? reject(error) : resolve(response)),
      ),
    );
  }

  /** Opens a method's stream of answers. */
  stream(name: string, request: object): ClientReadableStream<unknown> {
    const { path, requestSerialize, responseDeserialize } = this.#method(name);
    return this.#client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, request, OWNER);
  }

  /** Opens a stream of both sides; some servers want to know the database before the first request. */
  open(name: string, database?: string): ClientDuplexStream<object, object> {
    const { path, requestSerialize, responseDeserialize } = this.#method(name);
    const headers = OWNER.clone();
    if (database) headers.set('google-cloud-resource-prefix', database);
    return this.#client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, headers);
  }

  /** Never rejects. */
  async outcome(name: string, request: object): Promise<Outcome> {
    try {
      const streams = this.#method(name).responseStream;
      const answers = streams ? await this.stream(name, request).toArray() : [await this.ask(name, request)];
      return { answers };
    } catch (error) {
      const { code, details } = error as ServiceError;
      return { code, message: details };
    }
  }

  close(): void {
    this.#client.close();
  }

  #method(name: string) {
    const definition = this.#service[name];
    if (!definition) throw new Error(`the service has no method ${name}`);
    return definition;
  }
}

/** Whom emulators let do anything. */
const OWNER = new Metadata();
OWNER.set('authorization', 'Bearer owner');
