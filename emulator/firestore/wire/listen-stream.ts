import type { AccessControl } from '../../iam/access-control.ts';
import type { ServeBidi } from '../../wire/grpc/bidi-call.ts';
import { StatusError } from '../../wire/status.ts';
import type { Database } from '../database.ts';
import type { FirestoreStore } from '../store.ts';
import type { Watch } from '../watch.ts';
import { checkAccess } from './access.ts';
import { addTarget, writeEvent, writeStatus } from './listen.ts';
import { databaseOf, placeOf } from './names.ts';
import type { ListenRequest } from './requests.ts';

/** The Listen method: a stream on which targets are added and removed, of one database. */
export function listenStream(store: FirestoreStore, access: AccessControl): ServeBidi {
  return (call) => {
    let owner: Database | undefined;
    let watch: Watch | undefined;
    let ended = false;
    const { header } = call;
    const close = () => {
      ended = true;
      watch?.close();
    };
    call.on('data', (request: ListenRequest) => {
      if (ended) return;
      try {
        const { database: named = owner?.name, addTarget: added } = request;
        const denied = denialOf(() => checkAccess(access, 'Listen', { database: named }, { header }));
        if (denied) {
          // As of the target: its client tries again and again where the stream ends.
          const targetIds = [added?.targetId ?? 0];
          call.write({ targetChange: { targetChangeType: 'REMOVE', targetIds, cause: writeStatus(denied) } });
          return;
        }
        const listened = owner ?? databaseOf(store, request.database);
        const listener: Watch =
          watch ?? listened.watch((event) => call.write(writeEvent(listened, listener, event)));
        owner = listened;
        watch = listener;
        if (request.addTarget)
          addTarget(listened, listener, request.addTarget, (name) => placeOf(store, name).path);
        else if (request.removeTarget !== undefined) listener.remove(request.removeTarget);
        else
          throw new StatusError(
            'INVALID_ARGUMENT',
            'A request on a listen stream must add or remove a target.',
          );
      } catch (error) {
        close();
        call.fail(error);
      }
    });
    call.on('end', () => {
      close();
      call.end();
    });
    call.on('close', close);
  };
}

/** That the caller may not, if that is so. */
function denialOf(check: () => void): StatusError | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    if (error instanceof StatusError && error.status === 'PERMISSION_DENIED') return error;
    throw error;
  }
}
