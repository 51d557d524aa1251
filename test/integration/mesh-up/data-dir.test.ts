import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { Firestore } from '@google-cloud/firestore';
import { PubSub } from '@google-cloud/pubsub';
import { afterAll, expect, test } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { Project } from './command.ts';

const project = new Project();
afterAll(() => project.close());

test('a mesh with a data directory goes on after a sudden end: at the same place, with its documents and messages', async () => {
  const options = ['--data-dir', join(project.folder, 'data')];
  const first = await project.up(options);
  const restock = ['publish', 'inventory', 'restock', '{"lines":[{"sku":"MUG-01","quantity":50}]}'];
  expect((await project.run(restock)).exitCode).toBe(0);
  const stock = async (env: Readonly<Record<string, string>>) => {
    const [host = '', port] = (env.FIRESTORE_EMULATOR_HOST ?? '').split(':');
    const firestore = new Firestore({ projectId: 'demo-mesh', host, port: Number(port), ssl: false });
    const roots = await firestore.listCollections();
    const all = await Promise.all(roots.map((each) => each.listDocuments()));
    await firestore.terminate();
    return all.flatMap((documents) => documents.map(({ path }) => path)).sort();
  };
  await eventually(async () => expect(await stock(first.state.env)).not.toEqual([]), 100);
  const pubsub = new PubSub({
    projectId: 'demo-mesh',
    apiEndpoint: first.state.env.PUBSUB_EMULATOR_HOST ?? '',
    emulatorMode: true,
  });
  const [topic] = await pubsub.createTopic('of-mine');
  await topic.createSubscription('of-mine');
  await topic.publishMessage({ data: Buffer.from('still here') });
  await pubsub.close();
  first.child.kill('SIGKILL');
  await once(first.child, 'exit');
  // It is about the dead one, and would be taken for that of the next.
  rmSync(project.stateFile);

  const second = await project.up(options);
  expect(await stock(second.state.env)).not.toEqual([]);
  expect(second.state.addresses.run).toBe(first.state.addresses.run);
  const after = new PubSub({
    projectId: 'demo-mesh',
    apiEndpoint: second.state.env.PUBSUB_EMULATOR_HOST ?? '',
    emulatorMode: true,
  });
  const message = await new Promise<string>((resolve) => {
    after.subscription('of-mine').on('message', (each) => {
      each.ack();
      resolve(each.data.toString());
    });
  });
  expect(message).toBe('still here');
  await after.close();
  expect((await project.run(restock)).exitCode).toBe(0);
});

test('a sample is not mixed with data of before', async () => {
  const elsewhere = new Project();
  const { exitCode, stderr } = await elsewhere.run(['up', '--sample', '--data-dir', 'other']);
  expect(exitCode).toBe(2);
  expect(stderr).toContain('--sample');
  await elsewhere.close();
});
