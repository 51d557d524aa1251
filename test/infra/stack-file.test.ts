import { describe, expect, test } from 'vitest';
import { readStackConfig } from '../../infra/preview/stack-config.ts';
import { readYaml } from '../../infra/preview/stack-file.ts';

const read = (...lines: readonly string[]) => readYaml(lines.join('\n'), 'Pulumi.dev.yaml');

describe('a stack’s file', () => {
  test('is read: maps, lists, scalars, quotes, comments', () => {
    expect(
      read(
        '# Comments are for people.',
        'config:',
        '  agent-mesh:region: us-central1 # not a part of it',
        '  agent-mesh:functions:',
        '    maxInstances: 5',
        '    ratio: 0.05',
        '    boost: true',
        '    empty: {}',
        '    nothing:',
        "    url: 'https://example.com/#it''s'",
        '  agent-mesh:ids:',
        '  - "012"',
        '  - b',
        'last: []',
      ),
    ).toEqual({
      config: {
        'agent-mesh:region': 'us-central1',
        'agent-mesh:functions': {
          ...{ maxInstances: 5, ratio: 0.05, boost: true, empty: {}, nothing: null },
          url: "https://example.com/#it's",
        },
        'agent-mesh:ids': ['012', 'b'],
      },
      last: [],
    });
  });

  test.each([
    ['a flow map', 'a: {b: 1}', 1],
    ['an anchor', 'a: &b c', 1],
    ['a block of text', 'a: |', 1],
    ['a key twice', 'a: 1\nb: 2\na: 3', 3],
    ['a line that is no key', 'a: 1\nnonsense', 2],
    ['an indent that fits nothing', 'a:\n    b: 1\n  c: 2', 3],
    ['a quote that does not end', 'a: "b', 1],
  ])('with %s is refused, by its line', (_what, text, line) => {
    expect(() => readYaml(text, 'Pulumi.dev.yaml')).toThrow(
      expect.objectContaining({
        code: 'ConfigurationInvalid',
        message: expect.stringContaining(`Pulumi.dev.yaml:${line}: `),
      }),
    );
  });

  test('that there is not is named, with how to make it', async () => {
    await expect(readStackConfig(`${import.meta.dirname}/../..`, 'moon')).rejects.toMatchObject({
      code: 'NotFound',
      hint: expect.stringContaining('pulumi stack init moon'),
    });
  });
});
