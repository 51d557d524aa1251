import { StatusError } from '../wire/status.ts';
import { toProtoTime } from '../wire/time.ts';
import type { Fields } from './fields.ts';
import { type Methods, onField, projectNameOf, readPage, required, writePage } from './methods.ts';
import type { SnapshotConfig } from './snapshot.ts';
import type { SeekTarget } from './snapshots.ts';

/** The snapshots of google.pubsub.v1.Subscriber, and seeking. */
export const snapshotMethods: Methods = {
  CreateSnapshot: {
    needs: (request) => [
      ['pubsub.snapshots.create', projectNameOf(request.text('name') || request.text('subscription'))],
      ['pubsub.subscriptions.consume', request.text('subscription')],
    ],
    serve: (broker, request) =>
      writeSnapshot(
        broker.snapshots.create(
          request.text('name'),
          request.text('subscription'),
          request.textMap('labels'),
        ),
      ),
  },
  GetSnapshot: {
    needs: onField('pubsub.snapshots.get', 'snapshot'),
    serve: (broker, request) => writeSnapshot(broker.snapshots.get(request.text('snapshot'))),
  },
  ListSnapshots: {
    needs: onField('pubsub.snapshots.list', 'project'),
    serve: (broker, request) =>
      writePage(
        'snapshots',
        broker.snapshots.list(request.text('project'), readPage(request)),
        writeSnapshot,
      ),
  },
  UpdateSnapshot: {
    needs: (request) => [['pubsub.snapshots.update', required(request, 'snapshot').text('name')]],
    serve(broker, request) {
      const snapshot = required(request, 'snapshot');
      const patch = {
        name: snapshot.text('name'),
        labels: snapshot.textMap('labels'),
        expireMs: snapshot.milliseconds('expireTime'),
      };
      return writeSnapshot(broker.snapshots.update(patch, request.mask('updateMask')));
    },
  },
  DeleteSnapshot: {
    needs: onField('pubsub.snapshots.delete', 'snapshot'),
    serve(broker, request) {
      broker.snapshots.delete(request.text('snapshot'));
      return {};
    },
  },
  Seek: {
    needs(request) {
      const snapshot = request.text('snapshot');
      return [
        ['pubsub.subscriptions.consume', request.text('subscription')],
        ...(snapshot ? ([['pubsub.snapshots.seek', snapshot]] as const) : []),
      ];
    },
    serve(broker, request) {
      broker.snapshots.seek(request.text('subscription'), targetOf(request));
      return {};
    },
  },
};

function targetOf(request: Fields): SeekTarget {
  const timeMs = request.milliseconds('time');
  if (timeMs !== undefined) return { timeMs };
  const snapshot = request.text('snapshot');
  if (snapshot) return { snapshot };
  throw new StatusError(
    'INVALID_ARGUMENT',
    'No target was specified in the SeekRequest. Must specify either a time or a snapshot.',
  );
}

function writeSnapshot({ name, topic, labels, expireMs }: SnapshotConfig) {
  return { name, topic, labels, expireTime: toProtoTime(expireMs) };
}
