import { StatusError } from '../wire/status.ts';
import type { Dialect } from './dialect.ts';
import type { Fields } from './fields.ts';
import type { TopicConfig, TopicInput } from './topic.ts';

const UNSUPPORTED = ['schemaSettings', 'ingestionDataSourceSettings', 'messageTransforms', 'kmsKeyName'];

/** @throws StatusError UNIMPLEMENTED naming a setting that the local Pub/Sub would have to ignore. */
export function readTopic(fields: Fields, dialect: Dialect): TopicInput {
  refuseUnsupported(fields, UNSUPPORTED);
  const retention = fields.value('messageRetentionDuration');
  return {
    name: fields.text('name'),
    labels: fields.textMap('labels'),
    ...(retention !== undefined && {
      messageRetentionMs: dialect.readDuration(retention, fields.pathOf('messageRetentionDuration')),
    }),
  };
}

export function writeTopic({ name, labels, messageRetentionMs }: TopicConfig, dialect: Dialect) {
  return {
    name,
    ...(Object.keys(labels).length > 0 && { labels }),
    ...(messageRetentionMs !== undefined && {
      messageRetentionDuration: dialect.writeDuration(messageRetentionMs),
    }),
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
