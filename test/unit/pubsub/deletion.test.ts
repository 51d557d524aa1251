import { expect, test } from 'vitest';
import { brokerWith, DEAD_SUBSCRIPTION, DEAD_TOPIC, SUBSCRIPTION, TOPIC } from './support.ts';

const SNAPSHOT = 'projects/p/snapshots/one';
const SCHEMA = 'projects/p/schemas/one';

function withEverything() {
  const gone: string[] = [];
  const { broker } = brokerWith({}, { onDeleted: (name) => gone.push(name) });
  broker.snapshots.create(SNAPSHOT, SUBSCRIPTION);
  broker.schemas.create('projects/p', 'one', { type: 'AVRO', definition: '"string"' });
  return { broker, gone };
}

test('each thing that is deleted is told of once', () => {
  const { broker, gone } = withEverything();
  broker.snapshots.delete(SNAPSHOT);
  broker.schemas.delete(SCHEMA);
  broker.deleteSubscription(SUBSCRIPTION);
  broker.deleteTopic(TOPIC);
  expect(gone).toEqual([SNAPSHOT, SCHEMA, SUBSCRIPTION, TOPIC]);
});

test('closing forgets everything, and tells of all of it', () => {
  const { broker, gone } = withEverything();
  broker.close();
  expect(gone.sort()).toEqual([SCHEMA, SNAPSHOT, DEAD_SUBSCRIPTION, SUBSCRIPTION, DEAD_TOPIC, TOPIC].sort());
  expect(broker.listTopics('projects/p').items).toEqual([]);
  expect(broker.listSubscriptions('projects/p').items).toEqual([]);
  expect(broker.snapshots.list('projects/p').items).toEqual([]);
  expect(broker.schemas.list('projects/p').items).toEqual([]);
});
