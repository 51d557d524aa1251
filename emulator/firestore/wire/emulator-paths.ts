import type { IncomingMessage, RequestListener } from 'node:http';
import type { AccessControl } from '../../iam/access-control.ts';
import { principalOf } from '../../iam/principal.ts';
import { sendJson } from '../../wire/rest/json-response.ts';
import { StatusError, toHttpError } from '../../wire/status.ts';
import type { FirestoreStore } from '../store.ts';
import { denied } from './access.ts';

/** https://firebase.google.com/docs/emulator-suite/connect_firestore#clear_your_database_between_tests */
const CLEAR = /^\/emulator\/v1\/(projects\/[^/]+\/databases\/[^/]+)\/documents$/;
/** The protocol of the web SDK, https://github.com/firebase/firebase-js-sdk. */
const WEB_CHANNEL = /^\/google\.firestore\.v1\.Firestore\/(?:Listen|Write)\/channel$/;

/** Serves the paths of emulators beside the REST form: test suites clear a database by one. */
export function withEmulatorPaths(
  rest: RequestListener,
  store: FirestoreStore,
  access: AccessControl,
): RequestListener {
  return (request, response) => {
    try {
      const { pathname } = new URL(request.url ?? '/', 'http://localhost');
      if (WEB_CHANNEL.test(pathname)) throw noWebChannel();
      const name = CLEAR.exec(decodeURI(pathname))?.[1];
      if (name === undefined || request.method !== 'DELETE') return rest(request, response);
      checkAccess(access, name, request);
      store.find(name)?.clear();
      sendJson(response, 200, {});
    } catch (error) {
      const { code, body } = toHttpError(error);
      sendJson(response, code, body);
    }
  };
}

/** @throws StatusError UNAUTHENTICATED, PERMISSION_DENIED where access is enforced */
function checkAccess(access: AccessControl, database: string, { headers }: IncomingMessage): void {
  if (!access.enforce) return;
  const principal = principalOf((name) => String(headers[name] ?? '') || undefined);
  access.require(principal, 'datastore.entities.delete', database, denied);
}

function noWebChannel(): StatusError {
  return new StatusError(
    'NOT_FOUND',
    'WebChannel, by which the Firestore web SDK listens and writes in browsers, is not served here. Pages can use ' +
      'firebase/firestore/lite, which asks over REST; programs in Node can use the whole SDK, which speaks gRPC there.',
  );
}
