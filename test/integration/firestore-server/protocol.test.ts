import {
  type Client,
  type ClientDuplexStream,
  credentials,
  Metadata,
  makeClientConstructor,
} from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fieldsOf } from '../../../emulator/firestore/plain.ts';
import { loadProtocol, serviceOf } from '../../../emulator/wire/service.ts';
import { eventually } from '../../support/eventually.ts';
import { startSubject } from './client.ts';

/** What Google's Node client never sends: several targets on a stream, rubbish, calls given up. */
const subject = startSubject();
const service = serviceOf(
  loadProtocol('@google-cloud/firestore-api/build/protos/protos.json'),
  'google.firestore.v1.Firestore',
);
const database = 'projects/demo-wire/databases/(default)';
const root = `${database}/documents`;
let client: Client;

beforeAll(() => {
  const FirestoreClient = makeClientConstructor(service, 'Firestore');
  client = new FirestoreClient(subject.server.address, credentials.createInsecure());
});

afterAll(() => client.close());

function method(name: string) {
  const definition = service[name];
  if (!definition) throw new Error(`the service has no method ${name}`);
  return definition;
}

function ask(name: string, request: object): Promise<unknown> {
  const { path, requestSerialize, responseDeserialize } = method(name);
  return new Promise((resolve, reject) =>
    client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      request,
      new Metadata(),
      (error, response) => (error ? reject(error) : resolve(response)),
    ),
  );
}

function answersOf(name: string, request: object): Promise<unknown[]> {
  const { path, requestSerialize, responseDeserialize } = method(name);
  const call = client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, request);
  return call.toArray();
}

function listen() {
  return open('Listen');
}

function open(name: string): { stream: ClientDuplexStream<object, object>; heard: () => object[] } {
  const { path, requestSerialize, responseDeserialize } = method(name);
  const stream: ClientDuplexStream<object, object> = client.makeBidiStreamRequest(
    path,
    requestSerialize,
    responseDeserialize,
  );
  let heard: object[] = [];
  stream.on('data', (response) => heard.push(response));
  stream.on('error', () => {});
  const take = () => {
    const taken = heard;
    heard = [];
    return taken;
  };
  return { stream, heard: take };
}

function store() {
  return subject.server.store.named(database);
}

async function write(path: string, n: number): Promise<void> {
  await store().commit([{ op: 'set', path, fields: fieldsOf({ n }) }]);
}

describe('a stream of listeners', () => {
  test('serves several targets, until each is removed and the stream ends', async () => {
    await write('c/a', 1);
    const { stream, heard } = listen();
    const all = { parent: root, structuredQuery: { from: [{ collectionId: 'c' }] } };
    stream.write({ database, addTarget: { targetId: 1, query: all } });
    stream.write({ database, addTarget: { targetId: 2, documents: { documents: [`${root}/c/a`] } } });
    const seen: object[] = [];
    const said = (count: number) =>
      eventually(() => {
        seen.push(...heard());
        expect(seen).toHaveLength(count);
        return seen.splice(0);
      });
    expect(await said(8)).toMatchObject([
      { targetChange: { targetChangeType: 'ADD', targetIds: [1] } },
      { documentChange: { document: { name: `${root}/c/a` }, targetIds: [1] } },
      { targetChange: { targetChangeType: 'CURRENT', targetIds: [1] } },
      { targetChange: { resumeToken: expect.any(Buffer), readTime: expect.any(Object) } },
      { targetChange: { targetChangeType: 'ADD', targetIds: [2] } },
      { documentChange: { targetIds: [2] } },
      { targetChange: { targetChangeType: 'CURRENT', targetIds: [2] } },
      { targetChange: { resumeToken: expect.any(Buffer) } },
    ]);
    stream.write({ database, removeTarget: 1 });
    expect(await said(1)).toMatchObject([{ targetChange: { targetChangeType: 'REMOVE', targetIds: [1] } }]);
    await write('c/a', 2);
    expect(await said(2)).toMatchObject([{ documentChange: { targetIds: [2] } }, { targetChange: {} }]);
    const ended = new Promise((resolve) => stream.on('end', resolve));
    stream.end();
    await ended;
    expect(store().openWatches).toBe(0);
  });

  test('is forgotten when its client goes away', async () => {
    const { stream, heard } = listen();
    stream.write({ database, addTarget: { targetId: 1, documents: { documents: [`${root}/c/a`] } } });
    await eventually(() => expect(heard()).not.toEqual([]));
    expect(store().openWatches).toBe(1);
    stream.cancel();
    await eventually(() => expect(store().openWatches).toBe(0));
  });
});

describe('what is refused before it is read', () => {
  const commit = (name: string, fields: object) =>
    ask('Commit', { database, writes: [{ update: { name, fields } }] });

  // The client's encoder makes long texts well-formed before they are sent, names of documents among them.
  test.each([
    ['a text', { a: { stringValue: 'x\ud800y' } }],
    ['the name of a field', { 'a\ud800': { booleanValue: true } }],
  ])('%s that is no UTF-8, and the connection goes on', async (_, fields) => {
    await expect(commit(`${root}/u/1`, fields)).rejects.toMatchObject({
      code: 3,
      details: expect.stringContaining('invalid UTF-8'),
    });
    await expect(commit(`${root}/u/2`, { a: { stringValue: '\u{1f600}' } })).resolves.toBeDefined();
  });

  test.each(['Bad_DB!', 'abc', 'A123', '1234', 'ends-', 'x'.repeat(64)])(
    'the database id %j, which no database can have',
    async (id) => {
      const name = `projects/demo-wire/databases/${id}`;
      const wrong = { code: 3, details: expect.stringContaining(`"${id}"`) };
      await expect(ask('Commit', { database: name, writes: [] })).rejects.toMatchObject(wrong);
      await expect(ask('GetDocument', { name: `${name}/documents/a/b` })).rejects.toMatchObject(wrong);
      const { stream } = open('Listen');
      const failed = new Promise((resolve) => stream.on('error', resolve));
      const documents = { documents: [`${name}/documents/a/b`] };
      stream.write({ database: name, addTarget: { targetId: 1, documents } });
      expect(await failed).toMatchObject(wrong);
      expect(subject.server.store.find(name)).toBeUndefined();
    },
  );
});

describe('an explanation', () => {
  const structuredQuery = { from: [{ collectionId: 'explained' }] };
  const explainOptions = { analyze: true };
  const told = { explainMetrics: { executionStats: { executionDuration: expect.anything() } } };

  test('comes with the last of the results, and tells how long it took', async () => {
    const query = { parent: root, structuredQuery, explainOptions };
    expect(await answersOf('RunQuery', query)).toMatchObject([{ readTime: expect.anything(), ...told }]);
    await write('explained/a', 1);
    await write('explained/b', 2);
    const answers = await answersOf('RunQuery', query);
    expect(answers).toMatchObject([
      { document: { name: `${root}/explained/a` } },
      { document: { name: `${root}/explained/b` }, ...told },
    ]);
    expect(answers[0]).not.toHaveProperty('explainMetrics');
    expect(durationOf(answers[1])).toBeGreaterThan(0);
  });

  test('of an aggregation comes with its result', async () => {
    const structuredAggregationQuery = { structuredQuery, aggregations: [{ alias: 'n', count: {} }] };
    const answers = await answersOf('RunAggregationQuery', {
      parent: root,
      structuredAggregationQuery,
      explainOptions,
    });
    expect(answers).toMatchObject([{ result: { aggregateFields: { n: expect.anything() } }, ...told }]);
    expect(durationOf(answers[0])).toBeGreaterThan(0);
  });

  function durationOf(answer: unknown): number {
    const { explainMetrics } = answer as {
      explainMetrics: { executionStats: { executionDuration: { seconds?: string; nanos?: number } } };
    };
    const { seconds = 0, nanos = 0 } = explainMetrics.executionStats.executionDuration;
    return Number(seconds) * 1e9 + nanos;
  }
});

describe('a listener that comes back', () => {
  async function resumed(expectedCount: number): Promise<object[]> {
    await write('back/a', 1);
    await write('back/b', 2);
    const query = { parent: root, structuredQuery: { from: [{ collectionId: 'back' }] } };
    const { readTime } = await store().get([]);
    await store().commit([{ op: 'delete', path: 'back/b' }]);
    const { stream, heard } = open('Listen');
    const resume = { readTime: { seconds: Math.floor(readTime / 1e6), nanos: (readTime % 1e6) * 1000 } };
    const target = { targetId: 1, query, ...resume, expectedCount: { value: expectedCount } };
    stream.write({ database, addTarget: target });
    const seen: object[] = [];
    await eventually(() => {
      seen.push(...heard());
      expect(seen.at(-1)).toMatchObject({ targetChange: { targetChangeType: 'NO_CHANGE' } });
    });
    stream.cancel();
    return seen.map(
      (each) => Object.keys(each).find((key) => key !== 'responseType') ?? '',
    ) as unknown as object[];
  }

  test('hears what has changed since', async () => {
    expect(await resumed(2)).toEqual(['targetChange', 'documentDelete', 'targetChange', 'targetChange']);
  });

  test('is told how many there are, if it remembers another number', async () => {
    expect(await resumed(5)).toContain('filter');
  });
});

describe('a stream of writes', () => {
  const update = (id: string) => ({ update: { name: `${root}/w/${id}`, fields: {} } });

  test('applies each request and answers it, in order', async () => {
    const { stream, heard } = open('Write');
    stream.write({ database });
    const answers: object[] = [];
    const answered = (count: number) =>
      eventually(() => {
        answers.push(...heard());
        expect(answers).toHaveLength(count);
      });
    await answered(1);
    expect(answers[0]).toMatchObject({ streamId: expect.any(String), streamToken: expect.any(Buffer) });
    const { streamToken } = answers[0] as { streamToken: Buffer };
    stream.write({ streamToken, writes: [update('a'), update('b')] });
    stream.write({ streamToken, writes: [{ delete: `${root}/w/a` }] });
    await answered(3);
    expect(answers.slice(1)).toMatchObject([
      { writeResults: [{ updateTime: expect.any(Object) }, {}], commitTime: expect.any(Object) },
      { writeResults: [{}] },
    ]);
    const ended = new Promise((resolve) => stream.on('end', resolve));
    stream.end();
    await ended;
    const { documents } = await store().get(['w/a', 'w/b']);
    expect(documents.map((document) => document?.path)).toEqual([undefined, 'w/b']);
  });

  test.each<[string, object[], number]>([
    ['writes that come first', [{ database, writes: [update('c')] }], 3],
    ['writes without a token', [{ database }, { writes: [update('c')] }], 3],
    [
      'a write that fails',
      [
        { database },
        { streamToken: Buffer.from('1'), writes: [{ ...update('no'), currentDocument: { exists: true } }] },
      ],
      5,
    ],
    ['no database', [{}], 3],
  ])('ends with the reason: %s', async (_, requests, code) => {
    const { stream } = open('Write');
    const failed = new Promise((resolve) => stream.on('error', resolve));
    for (const request of requests) stream.write(request);
    expect(await failed).toMatchObject({ code });
  });
});

describe('a collection listed in an order', () => {
  test('page by page, as it was at the first', async () => {
    for (const [at, n] of [3, 1, 2, 2].entries()) await write(`sorted/d${at}`, n);
    const list = { parent: root, collectionId: 'sorted', orderBy: 'n desc', pageSize: 2 };
    const first = (await ask('ListDocuments', list)) as { nextPageToken: string };
    await write('sorted/d9', 9);
    const second = await ask('ListDocuments', { ...list, pageToken: first.nextPageToken });
    const names = (page: unknown) =>
      (page as { documents: { name: string }[] }).documents.map(({ name }) => name.slice(root.length + 8));
    expect(names(first)).toEqual(['d0', 'd3']);
    expect(names(second)).toEqual(['d2', 'd1']);
    expect(second).not.toHaveProperty('nextPageToken', expect.stringMatching(/./));
  });
});

describe('calls that are given up', () => {
  test('have no effect when they still waited for a lock', async () => {
    const transaction = store().begin();
    await store().get(['c/locked'], { transaction });
    const { path, requestSerialize, responseDeserialize } = method('Commit');
    const request = { database, writes: [{ update: { name: `${root}/c/locked` } }] };
    const given = new Promise((resolve) => {
      const counted = subject.server.calls.Commit ?? 0;
      const call = client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, resolve);
      void eventually(() => expect(subject.server.calls.Commit).toBe(counted + 1)).then(() => call.cancel());
    });
    expect(await given).toMatchObject({ code: 1 });
    // One round trip more on the same connection: by then the server has heard.
    await ask('ListCollectionIds', { parent: root });
    store().rollback(transaction);
    expect((await store().get(['c/locked'])).documents).toEqual([undefined]);
  });
});

describe('requests that make no sense', () => {
  const invalid = { code: 3 };

  test.each<[string, object]>([
    ['GetDocument', {}],
    ['GetDocument', { name: 'projects/p' }],
    ['CreateDocument', { parent: root, collectionId: 'a/b' }],
    ['UpdateDocument', {}],
    ['DeleteDocument', { name: `${root}/c` }],
    ['ListDocuments', { parent: root }],
    ['ListDocuments', { parent: root, collectionId: 'c', pageSize: -1 }],
    ['ListDocuments', { parent: root, collectionId: 'c', orderBy: 'n sideways' }],
    ['ListDocuments', { parent: root, collectionId: 'c', orderBy: 'n', pageToken: 'rubbish' }],
    ['ListDocuments', { parent: `${root}/c`, collectionId: 'd' }],
    ['ListCollectionIds', { parent: `${root}/c` }],
    ['BeginTransaction', {}],
    ['BeginTransaction', { database: 'projects/p/databases/' }],
    ['Commit', { database, writes: [{}] }],
    ['Commit', { database, writes: [{ delete: 'projects/other/databases/(default)/documents/c/a' }] }],
    ['Commit', { database, transaction: Buffer.from('rubbish') }],
    ['Rollback', { database }],
    ['BatchWrite', { database, writes: [{ update: {} }] }],
    ['PartitionQuery', { parent: root, structuredQuery: {} }],
  ])('%s %j', async (name, request) => {
    await expect(ask(name, request)).rejects.toMatchObject(invalid);
  });

  test.each<[string, object]>([
    ['BatchGetDocuments', { database, documents: ['c/a'] }],
    ['BatchGetDocuments', { database, transaction: Buffer.from('rubbish') }],
    ['RunQuery', { parent: root }],
    ['RunQuery', { parent: root, structuredQuery: { where: { fieldFilter: {} } } }],
    ['RunQuery', { parent: root, structuredQuery: { where: { compositeFilter: {} } } }],
    ['RunAggregationQuery', { parent: root }],
  ])('%s %j', async (name, request) => {
    await expect(answersOf(name, request)).rejects.toMatchObject(invalid);
  });

  test('end a stream of listeners with the reason', async () => {
    const { stream } = listen();
    const failed = new Promise((resolve) => stream.on('error', resolve));
    stream.write({ addTarget: { targetId: 1 } });
    expect(await failed).toMatchObject(invalid);
  });

  test('pipelines are of another edition', async () => {
    await expect(answersOf('ExecutePipeline', { database })).rejects.toMatchObject({ code: 9 });
  });
});

describe('methods of single documents', () => {
  test('create, get, update and delete', async () => {
    const fields = { n: { integerValue: '1' }, m: { integerValue: '2' } };
    const made = { parent: root, collectionId: 'single', documentId: 'a', document: { fields } };
    expect(await ask('CreateDocument', made)).toMatchObject({ name: `${root}/single/a`, fields });
    await expect(ask('CreateDocument', made)).rejects.toMatchObject({ code: 6 });
    expect(await ask('CreateDocument', { ...made, documentId: '' })).toMatchObject({
      name: expect.stringMatching(/single\/[A-Za-z0-9]{20}$/),
    });
    const name = `${root}/single/a`;
    const updated = {
      document: { name, fields: { n: { integerValue: '5' } } },
      updateMask: { fieldPaths: ['n'] },
    };
    expect(await ask('UpdateDocument', { ...updated, mask: { fieldPaths: ['n'] } })).toMatchObject({
      fields: { n: { integerValue: '5' } },
    });
    expect(await ask('GetDocument', { name })).toMatchObject({
      fields: { n: { integerValue: '5' }, m: { integerValue: '2' } },
    });
    await ask('DeleteDocument', { name });
    await expect(ask('GetDocument', { name })).rejects.toMatchObject({ code: 5 });
  });
});
