import { describe, expect, test } from 'vitest';
import { startSubject } from './client.ts';

/** https://cloud.google.com/firestore/docs/reference/rest */
const subject = startSubject();
const database = 'projects/demo-rest/databases/(default)';
const root = `${database}/documents`;

async function ask(verb: string, path: string, body?: object): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`http://${subject.server.address}/v1/${path}`, {
    method: verb,
    ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  return { status: response.status, body: await response.json() };
}

async function answer(verb: string, path: string, body?: object): Promise<unknown> {
  const answered = await ask(verb, path, body);
  expect(answered).toMatchObject({ status: 200 });
  return answered.body;
}

const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/);

describe('the REST form, on the port of gRPC', () => {
  test('creates, gets, changes and deletes a document of every kind of value', async () => {
    const fields = {
      nothing: { nullValue: null },
      yes: { booleanValue: true },
      whole: { integerValue: '9007199254740993' },
      part: { doubleValue: 0.5 },
      none: { doubleValue: 'NaN' },
      when: { timestampValue: '2026-01-02T03:04:05.678901Z' },
      text: { stringValue: 'ä' },
      empty: { stringValue: '' },
      bytes: { bytesValue: 'AP8=' },
      ref: { referenceValue: `${root}/c/other` },
      place: { geoPointValue: { latitude: 1.5, longitude: -2 } },
      list: { arrayValue: { values: [{ integerValue: '1' }] } },
      map: { mapValue: { fields: { in: { booleanValue: false } } } },
    };
    const name = `${root}/c/all`;
    expect(await answer('POST', `${root}/c?documentId=all`, { fields })).toEqual({
      name,
      fields,
      createTime: time,
      updateTime: time,
    });
    expect(await answer('GET', name)).toMatchObject({ name, fields });
    expect(await answer('GET', `${name}?mask.fieldPaths=yes&mask.fieldPaths=map`)).toMatchObject({
      fields: { yes: fields.yes, map: fields.map },
    });
    const patch = `${name}?updateMask.fieldPaths=yes&currentDocument.exists=true`;
    const { nothing: _, ...kept } = fields;
    await answer('PATCH', `${patch}&updateMask.fieldPaths=nothing`, {
      fields: { yes: { booleanValue: false } },
    });
    expect(await answer('GET', name)).toMatchObject({ fields: { ...kept, yes: { booleanValue: false } } });
    await answer('DELETE', name);
    expect(await ask('GET', name)).toEqual({
      status: 404,
      body: { error: { code: 404, message: `Document "${name}" not found.`, status: 'NOT_FOUND' } },
    });
  });

  test('tells documents from collections by the path', async () => {
    for (const path of ['l/1', 'l/1/m/2', 'l/3']) await answer('PATCH', `${root}/${path}`, { fields: {} });
    const names = (page: unknown) =>
      (page as { documents: { name: string }[] }).documents.map(({ name }) => name.slice(root.length + 1));
    expect(names(await answer('GET', `${root}/l`))).toEqual(['l/1', 'l/3']);
    expect(names(await answer('GET', `${root}/l/1/m?pageSize=5&orderBy=__name__`))).toEqual(['l/1/m/2']);
    expect(await answer('GET', `${root}/l/1/m/2`)).toMatchObject({ name: `${root}/l/1/m/2` });
    expect(await answer('POST', `${root}/l/1:listCollectionIds`, {})).toEqual({ collectionIds: ['m'] });
  });

  test('runs queries and reads several documents: lists of answers', async () => {
    for (const n of [1, 2, 3])
      await answer('PATCH', `${root}/q/${n}`, { fields: { n: { integerValue: String(n) } } });
    const structuredQuery = {
      from: [{ collectionId: 'q' }],
      where: { fieldFilter: { field: { fieldPath: 'n' }, op: 'GREATER_THAN', value: { integerValue: '1' } } },
      limit: 1,
    };
    expect(await answer('POST', `${root}:runQuery`, { structuredQuery })).toEqual([
      { document: expect.objectContaining({ name: `${root}/q/2` }), readTime: time, done: true },
    ]);
    const explained = await answer('POST', `${root}:runQuery`, { structuredQuery, explainOptions: {} });
    expect(explained).toEqual([
      {
        explainMetrics: {
          planSummary: { indexesUsed: [{ query_scope: 'Collection', properties: '(n ASC, __name__ ASC)' }] },
        },
      },
    ]);
    const counted = {
      structuredQuery: { from: [{ collectionId: 'q' }] },
      aggregations: [{ alias: 'n', count: { upTo: '2' } }],
    };
    expect(
      await answer('POST', `${root}:runAggregationQuery`, { structuredAggregationQuery: counted }),
    ).toEqual([{ result: { aggregateFields: { n: { integerValue: '2' } } }, readTime: time }]);
    expect(
      await answer('POST', `${root}:batchGet`, { documents: [`${root}/q/1`, `${root}/q/none`] }),
    ).toEqual([
      { found: expect.objectContaining({ name: `${root}/q/1` }), readTime: time },
      { missing: `${root}/q/none`, readTime: time },
    ]);
  });

  test('commits in a transaction', async () => {
    const { transaction } = (await answer('POST', `${root}:beginTransaction`, {})) as { transaction: string };
    const name = `${root}/t/1`;
    await answer('POST', `${root}:batchGet`, { documents: [name], transaction });
    const transforms = [{ fieldPath: 'n', increment: { integerValue: '2' } }];
    const writes = [{ update: { name }, updateTransforms: transforms, currentDocument: { exists: false } }];
    expect(await answer('POST', `${root}:commit`, { writes, transaction })).toEqual({
      writeResults: [{ updateTime: time, transformResults: [{ integerValue: '2' }] }],
      commitTime: time,
    });
    expect(await ask('POST', `${root}:commit`, { writes })).toMatchObject({
      status: 409,
      body: { error: { status: 'ALREADY_EXISTS' } },
    });
  });

  test.each<[string, string, object | undefined, string]>([
    [
      'POST',
      `${root}:runQuery`,
      { structuredQuery: { form: [] } },
      'Unknown name "form" at \'structured_query\'',
    ],
    ['POST', `${root}:commit`, { writes: 'none' }, 'Invalid value'],
    ['POST', `${root}/c`, { fields: { n: { integerValue: 'many' } } }, 'Invalid value'],
    ['POST', `${root}/c`, { fields: { n: { integerValue: '1', stringValue: '1' } } }, 'oneof'],
    ['GET', `${root}/c?pageSize=-1`, undefined, 'page_size must not be negative'],
    ['GET', `${root}/c?size=1`, undefined, 'Unknown name "size"'],
  ])('%s %s %j is refused by name', async (verb, path, body, message) => {
    expect(await ask(verb, path, body)).toMatchObject({
      status: 400,
      body: { error: { code: 400, status: 'INVALID_ARGUMENT', message: expect.stringContaining(message) } },
    });
  });
});

describe('what web pages and test suites ask of an emulator', () => {
  const browser = { origin: 'http://localhost:3000' };

  test('a page of another origin may call the REST form: preflights are answered', async () => {
    const url = `http://${subject.server.address}/v1/${root}:commit`;
    const headers = {
      ...browser,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'content-type,x-goog-api-client',
    };
    const preflight = await fetch(url, { method: 'OPTIONS', headers });
    expect(preflight.status).toBe(200);
    expect(Object.fromEntries(preflight.headers)).toMatchObject({
      'access-control-allow-origin': browser.origin,
      'access-control-allow-methods': expect.stringContaining('PATCH'),
      'access-control-allow-headers': headers['access-control-request-headers'],
      vary: 'Origin',
    });
    const answered = await fetch(url, { method: 'POST', headers: browser, body: '{"writes":[]}' });
    expect(answered.status).toBe(200);
    expect(answered.headers.get('access-control-allow-origin')).toBe(browser.origin);
    const refused = await fetch(`http://${subject.server.address}/v1/${root}/none/a`, { headers: browser });
    expect(refused.status).toBe(404);
    expect(refused.headers.get('access-control-allow-origin')).toBe(browser.origin);
  });

  test("the web SDK's WebChannel is refused with a word on what to use", async () => {
    const url = `http://${subject.server.address}/google.firestore.v1.Firestore/Listen/channel?VER=8`;
    const refused = await fetch(url, { method: 'POST', headers: browser, body: 'count=0' });
    expect(refused.status).toBe(404);
    expect(refused.headers.get('access-control-allow-origin')).toBe(browser.origin);
    expect(await refused.json()).toMatchObject({
      error: { status: 'NOT_FOUND', message: expect.stringMatching(/WebChannel.*firebase\/firestore\/lite/) },
    });
  });

  test('the documents of one database are deleted by the path that the Firebase tools have for it', async () => {
    const clear = async (name: string) => {
      const url = `http://${subject.server.address}/emulator/v1/${name}/documents`;
      const response = await fetch(url, { method: 'DELETE' });
      return { status: response.status, body: await response.json() };
    };
    const other = `projects/demo-rest/databases/other/documents`;
    for (const each of [`${root}/z/1`, `${root}/z/1/y/2`, `${other}/z/1`])
      await answer('PATCH', each, { fields: {} });
    expect(await clear(database)).toEqual({ status: 200, body: {} });
    expect(await answer('POST', `${root}:listCollectionIds`, {})).toEqual({});
    expect(await answer('GET', `${other}/z/1`)).toMatchObject({ name: `${other}/z/1` });
    expect(await clear('projects/demo-rest/databases/nobody-was-here')).toEqual({ status: 200, body: {} });
    expect(await clear('projects/demo-rest/databases')).toMatchObject({ status: 404 });
  });

  test('a kept connection is left open for minutes', async () => {
    const response = await fetch(`http://${subject.server.address}/v1/${root}/none`);
    expect(response.headers.get('keep-alive')).toBe('timeout=600');
  });

  test('JSON that is not Unicode is refused, in bytes and in escapes', async () => {
    const commit = async (body: string | Uint8Array<ArrayBuffer>) => {
      const url = `http://${subject.server.address}/v1/${root}:commit`;
      const response = await fetch(url, { method: 'POST', body });
      return { status: response.status, body: await response.json() };
    };
    const text = (escaped: string) =>
      `{"writes":[{"update":{"name":"${root}/u/1","fields":{"a":{"stringValue":"${escaped}"}}}}]}`;
    const latin1 = Uint8Array.from(Buffer.from(text('\u00e4'), 'latin1'));
    for (const body of [text('a\\ud800b'), latin1])
      expect(await commit(body)).toMatchObject({
        status: 400,
        body: { error: { status: 'INVALID_ARGUMENT', message: expect.stringContaining('Unicode') } },
      });
    expect(await commit(text('\\ud83d\\ude00'))).toMatchObject({ status: 200 });
  });
});
