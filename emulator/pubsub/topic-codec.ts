import { StatusError } from '../wire/status.ts';
import { toProtoTime } from '../wire/time.ts';
import type { Fields } from './fields.ts';
import type { Encoding } from './schema/compiled-schema.ts';
import type { TopicConfig, TopicInput } from './topic.ts';

const UNSUPPORTED = ['ingestionDataSourceSettings', 'messageTransforms'];

/** @throws StatusError UNIMPLEMENTED naming a setting that the local Pub/Sub would have to ignore. */
export function readTopic(fields: Fields): TopicInput {
  refuseUnsupported(fields, UNSUPPORTED);
  const schema = fields.child('schemaSettings');
  const storage = fields.child('messageStoragePolicy');
  return {
    name: fields.text('name'),
    labels: fields.textMap('labels'),
    messageRetentionMs: fields.milliseconds('messageRetentionDuration'),
    kmsKeyName: fields.text('kmsKeyName'),
    messageStoragePolicy: storage && {
      allowedPersistenceRegions: storage.texts('allowedPersistenceRegions'),
      enforceInTransit: storage.flag('enforceInTransit'),
    },
    schemaSettings: schema && {
      schema: schema.text('schema'),
      // What is none is refused where the settings are completed.
      encoding: schema.text('encoding') as Encoding,
      firstRevisionId: schema.text('firstRevisionId'),
      lastRevisionId: schema.text('lastRevisionId'),
    },
  };
}

export function writeTopic({ messageRetentionMs, ...topic }: TopicConfig) {
  return {
    ...topic,
    ...(messageRetentionMs !== undefined && { messageRetentionDuration: toProtoTime(messageRetentionMs) }),
    state: 'ACTIVE',
  };
}

/** Silence would be worse than a refusal: somebody relies on what they set. */
export function refuseUnsupported(fields: Fields, names: readonly string[]): void {
  for (const name of names) {
    const value = fields.value(name);
    const isEmpty =
      value === undefined || value === '' || (typeof value === 'object' && isEmptyObject(value));
    if (!isEmpty) {
      throw new StatusError('UNIMPLEMENTED', `The local Pub/Sub does not support ${fields.pathOf(name)}.`);
    }
  }
}

function isEmptyObject(value: object | null): boolean {
  return value === null || Object.keys(value).length === 0;
}
