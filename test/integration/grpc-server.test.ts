import { connect } from 'node:http2';
import { gzipSync } from 'node:zlib';
import { Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { CallInfo } from '../../emulator/wire/api.ts';
import type { BidiCall } from '../../emulator/wire/grpc/bidi-call.ts';
import { GrpcServer } from '../../emulator/wire/grpc/server.ts';
import { openPort, type Port } from '../../emulator/wire/port.ts';
import { Protocol } from '../../emulator/wire/protocol.ts';
import { StatusError } from '../../emulator/wire/status.ts';
import { eventually } from '../support/eventually.ts';

interface Text {
  readonly text: string;
}

const text = { fields: { text: { type: 'string', id: 1 } } };
const method = (requestStream: boolean, responseStream: boolean) => ({
  requestType: 'Text',
  responseType: 'Text',
  comment: '',
  requestStream,
  responseStream,
});
const protocol = Protocol.of('test.v1', {
  Text: text,
  Echo: {
    methods: {
      Say: method(false, false),
      Spell: method(false, true),
      Talk: method(true, true),
      Missing: method(false, false),
    },
  },
});
const service = protocol.service('test.v1.Echo');
const answered: object[] = [];
const waits = vi.fn();
const gone = vi.fn();
let port: Port;
let client: Client;

beforeAll(async () => {
  const grpc = new GrpcServer((record) => answered.push(record), 1_000_000);
  grpc.add(service, {
    methods: {
      async Say({ text }: Text, { signal, header }: CallInfo) {
        if (text === 'fail') throw new StatusError('NOT_FOUND', 'nöt "there"\n100 %');
        if (text === 'fault') throw new TypeError('a fault of ours');
        if (text === 'wait')
          await new Promise<void>((resolve) => {
            signal.addEventListener('abort', () => resolve(gone('the one who waits')));
            waits();
          });
        return { text: header('x-who') ?? text };
      },
    },
    lists: {
      Spell({ text }: Text) {
        if (text === 'fail') throw new StatusError('ABORTED', 'no');
        return Array.from(text, (letter) => ({ text: letter }));
      },
    },
    streams: {
      Talk(call: BidiCall) {
        let last = '';
        call.on('data', ({ text }: Text) => {
          last = text;
          if (text === 'fail') call.fail(new StatusError('OUT_OF_RANGE', 'enough'));
          else call.write({ text: text.toUpperCase() });
        });
        call.on('end', () => call.end());
        call.on('close', () => gone(last));
      },
    },
  });
  port = await openPort({ grpc });
  client = new Client(port.address, credentials.createInsecure());
});

afterAll(async () => {
  client.close();
  await port.close();
});

function definition(name: string) {
  const found = service[name];
  if (!found) throw new Error(`the service has no method ${name}`);
  return found;
}

function say(request: unknown, name = 'Say', metadata = new Metadata()): Promise<unknown> {
  const { path, requestSerialize, responseDeserialize } = definition(name);
  return new Promise((resolve, reject) =>
    client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      request,
      metadata,
      (error, answer) => (error ? reject(error) : resolve(answer)),
    ),
  );
}

function spell(request: Text): Promise<unknown[]> {
  const { path, requestSerialize, responseDeserialize } = definition('Spell');
  return client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, request).toArray();
}

function talk() {
  const { path, requestSerialize, responseDeserialize } = definition('Talk');
  return client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
}

describe('the gRPC server of the local services', () => {
  test('answers one request with one message, and is asked who calls', async () => {
    expect(await say({ text: 'hi' })).toEqual({ text: 'hi' });
    const metadata = new Metadata();
    metadata.set('x-who', 'me');
    expect(await say({ text: 'hi' }, 'Say', metadata)).toEqual({ text: 'me' });
    expect(answered.at(-1)).toEqual({ method: 'test.v1.Echo/Say', status: 'OK' });
  });

  test('tells errors by their status and words, faults as INTERNAL, and what it does not know as UNIMPLEMENTED', async () => {
    await expect(say({ text: 'fail' })).rejects.toMatchObject({ code: 5, details: 'nöt "there"\n100 %' });
    expect(answered.at(-1)).toMatchObject({ status: 'NOT_FOUND', message: 'nöt "there"\n100 %' });
    await expect(say({ text: 'fault' })).rejects.toMatchObject({ code: 13, details: 'a fault of ours' });
    await expect(say({ text: 'x' }, 'Missing')).rejects.toMatchObject({ code: 12 });
    await expect(spell({ text: 'fail' })).rejects.toMatchObject({ code: 10, details: 'no' });
  });

  test('streams a list, however long', async () => {
    expect(await spell({ text: '' })).toEqual([]);
    expect(await spell({ text: 'ab' })).toEqual([{ text: 'a' }, { text: 'b' }]);
    expect(await spell({ text: 'x'.repeat(100_000) })).toHaveLength(100_000);
  });

  test('takes messages of many packets, up to its limit', async () => {
    const text = 'ä'.repeat(400_000);
    expect(await say({ text })).toEqual({ text });
    await expect(say({ text: 'x'.repeat(1_000_001) })).rejects.toMatchObject({ code: 8 });
    expect(await say({ text: 'and goes on' })).toEqual({ text: 'and goes on' });
  });

  test('serves both sides of a stream until either ends it', async () => {
    const stream = talk();
    const heard: unknown[] = [];
    stream.on('data', (each) => heard.push(each));
    stream.write({ text: 'a' });
    stream.write({ text: 'b' });
    await eventually(() => expect(heard).toEqual([{ text: 'A' }, { text: 'B' }]));
    const ended = new Promise((resolve) => stream.on('status', resolve));
    stream.end();
    expect(await ended).toMatchObject({ code: 0 });
    const failing = talk();
    failing.on('data', () => {});
    const failed = new Promise<ServiceError>((resolve) => failing.on('error', resolve));
    failing.write({ text: 'fail' });
    failing.write({ text: 'too late' });
    expect(await failed).toMatchObject({ code: 11, details: 'enough' });
  });

  test('tells a method that its caller has gone', async () => {
    const stream = talk();
    stream.on('error', () => {});
    stream.on('data', () => stream.cancel());
    stream.write({ text: 'the one who talks' });
    await eventually(() => expect(gone).toHaveBeenCalledWith('the one who talks'));
    const { path, requestSerialize, responseDeserialize } = definition('Say');
    const request = { text: 'wait' };
    const call = client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, () => {});
    await eventually(() => expect(waits).toHaveBeenCalled());
    call.cancel();
    await eventually(() => expect(gone).toHaveBeenCalledWith('the one who waits'));
  });
});

describe('what a client of another language may send', () => {
  /** Sends frames as they are. */
  async function send(headers: Record<string, string>, ...chunks: Buffer[]) {
    const session = connect(`http://${port.address}`);
    try {
      const stream = session.request({
        ':method': 'POST',
        ':path': '/test.v1.Echo/Say',
        'content-type': 'application/grpc',
        te: 'trailers',
        ...headers,
      });
      const answer: Record<string, unknown> = {};
      stream.on('response', (each) => Object.assign(answer, each));
      stream.on('trailers', (each) => Object.assign(answer, each));
      const body: Buffer[] = [];
      stream.on('data', (each) => body.push(each));
      for (const chunk of chunks) stream.write(chunk);
      stream.end();
      await new Promise((resolve) => stream.on('close', resolve));
      return { ...answer, body: Buffer.concat(body) };
    } finally {
      session.close();
    }
  }

  function frame(message: Buffer, flag = 0): Buffer {
    const prefix = Buffer.from([flag, 0, 0, 0, 0]);
    prefix.writeUInt32BE(message.length, 1);
    return Buffer.concat([prefix, message]);
  }

  const hi = Buffer.from([0x0a, 2, 0x68, 0x69]);

  test('a compressed message, whose text is no larger than may be', async () => {
    const packed = frame(gzipSync(hi), 1);
    expect(await send({ 'grpc-encoding': 'gzip' }, packed)).toMatchObject({
      'grpc-status': '0',
      body: frame(hi),
    });
    const bomb = gzipSync(Buffer.alloc(2_000_000));
    expect(await send({ 'grpc-encoding': 'gzip' }, frame(bomb, 1))).toMatchObject({ 'grpc-status': '8' });
    expect(await send({ 'grpc-encoding': 'snappy' }, packed)).toMatchObject({ 'grpc-status': '12' });
    expect(await send({ 'grpc-encoding': 'gzip' }, frame(hi, 1))).toMatchObject({ 'grpc-status': '13' });
  });

  test('a message byte by byte', async () => {
    const bytes = Array.from(frame(hi), (byte) => Buffer.from([byte]));
    expect(await send({}, ...bytes)).toMatchObject({ 'grpc-status': '0', body: frame(hi) });
  });

  test('no message, two, or half of one: refused; rubbish, too', async () => {
    expect(await send({})).toMatchObject({ 'grpc-status': '12' });
    expect(await send({}, frame(hi), frame(hi))).toMatchObject({ 'grpc-status': '12' });
    expect(await send({}, frame(hi).subarray(0, 7))).toMatchObject({ 'grpc-status': '12' });
    expect(await send({}, frame(Buffer.from([0xff, 0xff])))).toMatchObject({ 'grpc-status': '13' });
    expect(await send({ 'content-type': 'text/plain' }, hi)).toMatchObject({ ':status': 415 });
    expect(await send({ ':path': '/nobody/Knows' }, frame(hi))).toMatchObject({ 'grpc-status': '12' });
  });
});
