import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toJson } from '../../../shared/contract/json.ts';

const nested = (levels: number): unknown => {
  let value: unknown = 1;
  for (let level = 0; level < levels; level++) value = level % 2 ? [value] : { a: value };
  return value;
};
const circle: { self?: unknown } = {};
circle.self = circle;
class Money {
  amount = 1;
}

describe('a value as JSON carries it', () => {
  test.each<[string, unknown, unknown]>([
    ['nothing', undefined, null],
    ['a field that is undefined', { a: undefined, b: 1 }, { b: 1 }],
    ['half an emoji', { text: '\ud83d', '\ude00': 1 }, { text: '\ud83d', '\ude00': 1 }],
    ['a date', [new Date(0)], ['1970-01-01T00:00:00.000Z']],
    ['a date of the year 12000', new Date('+012000-01-01T00:00:00Z'), '+012000-01-01T00:00:00.000Z'],
    ['an address', { url: new URL('https://example.test/a') }, { url: 'https://example.test/a' }],
    ['minus zero', { n: -0 }, { n: 0 }],
    ['an object without a prototype', Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
    ['what its toJSON returns', { toJSON: () => ({ a: [1] }) }, { a: [1] }],
  ])('%s', (_, given, carried) => {
    expect(toJson(given)).toStrictEqual(carried);
  });

  test('any JSON is carried as it is, and as a copy', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
        const plain = JSON.parse(JSON.stringify(value)) as unknown;
        if (JSON.stringify(plain).includes('"__proto__"')) return;
        expect(toJson(plain)).toStrictEqual(plain);
      }),
    );
    const given = { a: [1] };
    expect(toJson(given)).not.toBe(given);
  });

  test('190 levels are carried, one more is not', () => {
    expect(toJson(nested(190))).toEqual(nested(190));
    expect(() => toJson(nested(191))).toThrow('over 190 levels deep');
  });
});

describe('refused, with the path of what JSON does not carry', () => {
  test.each<[string, unknown, string]>([
    ['a bigint', { lines: [{ amount: 5n }] }, 'lines.0.amount'],
    ['a function', { a: { f() {} } }, 'a.f'],
    ['a symbol', [Symbol('s')], '0'],
    ['NaN', { n: Number.NaN }, 'n'],
    ['an infinity', [1, -Infinity], '1'],
    ['undefined in a list', [1, undefined], '1'],
    // biome-ignore lint/suspicious/noSparseArray: it is what is tested
    ['a hole in a list', [1, , 2], '1'],
    ['a Map', { m: new Map([['a', 1]]) }, 'm'],
    ['a Set', new Set([1]), 'data'],
    ['an instance of a class', { price: new Money() }, 'price'],
    ['an error', { cause: new Error('x') }, 'cause'],
    ['bytes', { bytes: Buffer.from('a') }, 'bytes'],
    ['a date that is none', { at: new Date(Number.NaN) }, 'at'],
    ['the key __proto__', JSON.parse('{"a":{"__proto__":1}}'), 'a.__proto__'],
    ['a circle', circle, Array(20).fill('self').join('.')],
  ])('%s', (_, given, field) => {
    let thrown: unknown;
    try {
      toJson(given, 'OutputInvalid', 'the output of a.b');
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({
      code: 'OutputInvalid',
      field,
      hint: expect.stringMatching(/^Hand over /),
      message: expect.stringContaining(`the output of a.b: ${field}: `),
    });
  });
});
