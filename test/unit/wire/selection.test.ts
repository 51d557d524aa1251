import protobuf from 'protobufjs';
import { describe, expect, test } from 'vitest';
import { readSelection, select } from '../../../emulator/wire/rest/selection.ts';

const { root } = protobuf.parse(`syntax = "proto3";
  message Page { repeated Item items = 1; string next_token = 2; }
  message Item { string name = 1; Author author = 2; map<string, string> labels = 3; }
  message Author { string name = 1; string mail = 2; }`);
const Page = root.lookupType('Page');
Page.root.resolveAll();

const page = {
  items: [
    { name: 'one', author: { name: 'Ada', mail: 'a@b' }, labels: { a: '1', b: '2' } },
    { name: 'two', author: { name: 'Bob' } },
  ],
  nextToken: 'x',
};

const selected = (fields: string) => select(readSelection(fields, Page), page);

describe('the fields that a caller asks for', () => {
  test.each([
    ['nextToken', { nextToken: 'x' }],
    ['items/name', { items: [{ name: 'one' }, { name: 'two' }] }],
    ['items.name', { items: [{ name: 'one' }, { name: 'two' }] }],
    [
      'items(name,author/name),nextToken',
      {
        items: [
          { name: 'one', author: { name: 'Ada' } },
          { name: 'two', author: { name: 'Bob' } },
        ],
        nextToken: 'x',
      },
    ],
    ['items/author(mail)', { items: [{ author: { mail: 'a@b' } }, { author: {} }] }],
    ['items/labels/b, items/name', { items: [{ name: 'one', labels: { b: '2' } }, { name: 'two' }] }],
    ['items/name,items', { items: page.items }],
    ['*', page],
    [
      'items/*/name',
      {
        items: [
          { author: { name: 'Ada' }, name: 'one', labels: {} },
          { author: { name: 'Bob' }, name: 'two' },
        ],
      },
    ],
  ])('%s', (fields, expected) => expect(selected(fields)).toEqual(expected));

  test.each([
    'color',
    'items/color',
    'items(name',
    'items)',
    'items,,name',
    ',',
    'items/',
    'next_token',
    'a b',
    '{}',
  ])('are refused where there are none of the name, or the text is none: %s', (fields) =>
    expect(() => selected(fields)).toThrow('Invalid field selection'),
  );
});
