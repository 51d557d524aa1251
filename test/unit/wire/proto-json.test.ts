import protobuf from 'protobufjs';
import { describe, expect, test } from 'vitest';
import { httpRule } from '../../../emulator/wire/rest/http-rule.ts';
import { readMessage, writeMessage } from '../../../emulator/wire/rest/proto-json.ts';

const { root } = protobuf.parse(`
  syntax = "proto3";
  package t;
  enum Color { NONE = 0; RED = 1; }
  message Inner { string name_here = 1; }
  message M {
    string text = 1; bytes data = 2; int32 small = 3; int64 big = 4; bool flag = 5; double real = 6;
    Color color = 7; Inner inner = 8; repeated Inner many = 9; map<string, int64> counts = 10;
    oneof target { string left = 11; string right = 12; }
    uint32 natural = 13;
  }
`);
root.resolveAll();
const M = root.lookupType('t.M');

describe('protocol JSON', () => {
  test.each([
    [
      { text: 'a', small: -3, flag: true, real: 1.5 },
      { text: 'a', small: -3, flag: true, real: 1.5 },
    ],
    [{ big: '9007199254740993' }, { big: '9007199254740993' }],
    [{ big: 5 }, { big: '5' }],
    [{ small: '7' }, { small: 7 }],
    [{ data: 'aGk=' }, { data: Buffer.from('hi') }],
    [{ data: 'aGk' }, { data: Buffer.from('hi') }],
    [{ color: 'RED' }, { color: 'RED' }],
    [{ color: 1 }, { color: 'RED' }],
    [{ inner: { nameHere: 'x' } }, { inner: { nameHere: 'x' } }],
    [{ inner: { name_here: 'x' } }, { inner: { nameHere: 'x' } }],
    [{ many: [{}, { nameHere: 'y' }] }, { many: [{}, { nameHere: 'y' }] }],
    [{ counts: { a: 1 } }, { counts: { a: '1' } }],
    [{ left: '' }, { left: '', target: 'left' }],
    [{ text: null }, {}],
  ])('%j is read', (json, expected) => {
    expect(readMessage(M, json)).toEqual(expected);
  });

  test.each([
    [{ nothing: 1 }, 'Unknown name "nothing": Cannot find field.'],
    [{ inner: { nothing: 1 } }, `Unknown name "nothing" at 'inner': Cannot find field.`],
    [{ many: [{}, { nothing: 1 }] }, `Unknown name "nothing" at 'many[1]'`],
    [{ text: 1 }, `Invalid value at 'text' (TYPE_STRING), 1`],
    [{ small: 'x' }, `Invalid value at 'small' (TYPE_INT32), "x"`],
    [{ small: 1.5 }, 'TYPE_INT32'],
    [{ small: 2 ** 31 }, 'TYPE_INT32'],
    [{ natural: -1 }, 'TYPE_UINT32'],
    [{ big: '9223372036854775808' }, 'TYPE_INT64'],
    [{ data: '!' }, 'Base64 decoding failed for "!"'],
    [{ color: 'BLUE' }, `Invalid value at 'color' (type.googleapis.com/t.Color), "BLUE"`],
    [{ many: {} }, 'type.googleapis.com/t.Inner'],
    [{ left: 'a', right: 'b' }, `oneof field 'target' is already set`],
    ['text', 'type.googleapis.com/t.M'],
  ])('%j is refused: %s', (json, message) => {
    expect(() => readMessage(M, json)).toThrow(
      expect.objectContaining({ status: 'INVALID_ARGUMENT', message: expect.stringContaining(message) }),
    );
  });

  test('is written without what has its default', () => {
    const message = {
      text: '',
      small: 0,
      big: '0',
      flag: false,
      color: 'NONE',
      many: [],
      counts: {},
      left: '',
    };
    expect(writeMessage(M, message)).toEqual({ left: '' });
  });

  test('is read as it was written', () => {
    const message = {
      text: 'a',
      data: Buffer.from([0, 255]),
      big: '12',
      color: 'RED',
      inner: { nameHere: 'x' },
      counts: { a: '1' },
    };
    expect(readMessage(M, JSON.parse(JSON.stringify(writeMessage(M, message))))).toEqual(message);
  });
});

describe('an HTTP rule', () => {
  test.each([
    ['/v1/{topic=projects/*/topics/*}:publish', '/v1/projects/p/topics/t:publish', ['projects/p/topics/t']],
    ['/v1/{topic=projects/*/topics/*}:publish', '/v1/projects/p/topics/t', undefined],
    ['/v1/{topic=projects/*/topics/*}', '/v1/projects/p/topics/t:publish', undefined],
    ['/v1/{parent=projects/*}/schemas:validate', '/v1/projects/p/schemas:validate', ['projects/p']],
    ['/v1/{name=projects/*/schemas/*}', '/v1/projects/p/schemas/s@abc', ['projects/p/schemas/s@abc']],
    [
      '/v1/{topic=projects/*/topics/*}:publish',
      '/v1/projects/example.com:p/topics/t:publish',
      ['projects/example.com:p/topics/t'],
    ],
    ['/v1/{parent=projects/*}/topics', '/v1/projects/example.com:p/topics', ['projects/example.com:p']],
    ['/v1/{name=**}', '/v1/a/b/c', ['a/b/c']],
    ['/v1/a.b', '/v1/axb', undefined],
  ])('%s of %s', (template, path, groups) => {
    expect(httpRule('GET', template, undefined).path.exec(path)?.slice(1)).toEqual(groups);
  });
});
