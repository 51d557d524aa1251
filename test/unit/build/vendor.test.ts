import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { describe, expect, test } from 'vitest';
import { PatchMismatch, replaceExactly } from '../../../build/vendor/patch.ts';
import { patches } from '../../../build/vendor/patches.ts';
import { slimVendors } from '../../../build/vendor/plugin.ts';
import { pruneProtos } from '../../../build/vendor/prune-protos.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const require = createRequire(import.meta.url);

/** What a script exports that is bundled slim, and run here. */
async function slim(contents: string): Promise<Record<string, unknown>> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: root, loader: 'js' },
    absWorkingDir: root,
    bundle: true,
    write: false,
    platform: 'node',
    format: 'cjs',
    logLevel: 'silent',
    plugins: [slimVendors(root)],
  });
  const module = { exports: {} };
  new Function('require', 'module', 'exports', '__dirname', outputFiles[0]?.text ?? '')(
    require,
    module,
    module.exports,
    root,
  );
  return module.exports;
}

describe('a patch', () => {
  test.each(patches.map((patch) => [`${patch.file}: ${patch.why}`, patch] as const))('%s', (_name, patch) => {
    const text = readFileSync(join(root, 'node_modules', patch.file), 'utf8');
    expect(patch.apply(text)).not.toBe(text);
    // Another version of the package, in which what is looked for is written otherwise.
    expect(() => patch.apply('exports.other = 1;')).toThrow(PatchMismatch);
  });

  test('replaces what it finds as often as it expects to, or not at all', () => {
    expect(replaceExactly('a+b a+b', 'a+b', () => 'c', 2)).toBe('c c');
    expect(replaceExactly('$1', '$1', () => '$&')).toBe('$&');
    for (const text of ['', 'a+b a+b']) {
      expect(() => replaceExactly(text, 'a+b', () => 'c')).toThrow(PatchMismatch);
    }
  });

  test('that does not fit fails the build, naming the file and what to do', async () => {
    const file = 'google-gax/build/src/index.js';
    await expect(
      build({
        stdin: { contents: "require('google-gax');", resolveDir: root, loader: 'js' },
        bundle: true,
        write: false,
        platform: 'node',
        logLevel: 'silent',
        plugins: [slimVendors(root, async () => 'exports.other = 1;')],
      }),
    ).rejects.toThrow(`${file} is not as its patch in build/vendor expects`);
  });
});

describe('the slim libraries', () => {
  test('google-gax exports what it did', async () => {
    const { names, kinds } = (await slim(`const gax = require('google-gax');
      exports.names = Object.keys(gax).sort();
      exports.kinds = Object.fromEntries(exports.names.map((name) => [name, typeof gax[name]]));`)) as {
      names: string[];
      kinds: Record<string, string>;
    };
    const whole = require(join(root, 'node_modules/google-gax')) as Record<string, unknown>;
    expect(names).toEqual(Object.keys(whole).sort());
    expect(kinds).toEqual(Object.fromEntries(names.map((name) => [name, typeof whole[name]])));
  });

  test.each([
    ['@google-cloud/pubsub', '.v1.PublisherClient', 'iamClient', 'getIamPolicy'],
    ['@google-cloud/firestore', '.v1.FirestoreClient', 'locationsClient', 'getLocation'],
    ['@google-cloud/tasks', '.CloudTasksClient', 'locationsClient', 'getLocation'],
    ['@google-cloud/secret-manager', '.SecretManagerServiceClient', 'locationsClient', 'getLocation'],
  ])('%s makes its mixin when it is asked for, once', async (library, client, mixin, method) => {
    const { before, kind, same } = await slim(`const client = new (require('${library}')${client})({
        projectId: 'demo', apiEndpoint: '127.0.0.1', port: 1, universeDomain: 'googleapis.com',
        sslCreds: require('@grpc/grpc-js').credentials.createInsecure() });
      exports.before = typeof Object.getOwnPropertyDescriptor(client, '${mixin}').get;
      exports.kind = typeof client.${mixin}.${method};
      exports.same = client.${mixin} === client.${mixin};`);
    expect({ before, kind, same }).toEqual({ before: 'function', kind: 'function', same: true });
  });

  test('the loader of descriptions tells what it did of messages, enums and services, when it is asked', async () => {
    const script = `const { fromJSON } = require('@grpc/proto-loader');
      const Kind = { values: { ONE: 0 } };
      const Ask = { fields: { id: { type: 'string', id: 1 }, kind: { type: 'Kind', id: 2 } } };
      const Get = { methods: { Get: { requestType: 'Ask', responseType: 'Ask' } } };
      const definition = fromJSON({ nested: { a: { nested: { Kind, Ask, Get } } } });
      exports.told = JSON.stringify(definition);
      exports.bytes = definition['a.Get'].Get.requestSerialize({ id: 'x' }).toString('hex');`;
    const whole: { told?: string; bytes?: string } = {};
    new Function('require', 'exports', script)(require, whole);
    expect(whole.told).toContain('fileDescriptorProtos');
    expect(await slim(script)).toEqual(whole);
  });

  test('a client that functions do not use says so', async () => {
    await expect(slim(`require('@google-cloud/pubsub').v1.SubscriberClient`)).rejects.toThrow(
      'left out of the bundles of functions',
    );
  });
});

describe('a description of services', () => {
  const field = (type: string) => ({ type, id: 1 });
  const description = {
    options: { syntax: 'proto3' },
    nested: {
      a: {
        options: { java_package: 'a' },
        nested: {
          Mine: { methods: { Get: { requestType: 'Ask', responseType: '.b.Answer' } } },
          Other: { methods: { Get: { requestType: 'Unused', responseType: 'Unused' } } },
          Ask: {
            fields: { id: field('string'), filter: field('Filter') },
            nested: { Filter: { fields: {} } },
          },
          Unused: { fields: {} },
        },
      },
      b: {
        nested: {
          Answer: { fields: { kind: field('Kind'), next: field('Answer') } },
          Kind: { values: { ONE: 0 } },
          Gone: { fields: {} },
        },
      },
    },
  };

  test('is cut to a service and the messages that it speaks of, by whichever name', () => {
    const { nested } = description;
    expect(pruneProtos(description, ['a.Mine'])).toEqual({
      options: description.options,
      nested: {
        a: { options: nested.a.options, nested: { Mine: nested.a.nested.Mine, Ask: nested.a.nested.Ask } },
        b: { nested: { Answer: nested.b.nested.Answer, Kind: nested.b.nested.Kind } },
      },
    });
  });

  test('that lacks one of them is refused, naming it', () => {
    expect(() => pruneProtos(description, ['a.Nobody'])).toThrow('does not describe a.Nobody');
    const { b: _b, ...less } = description.nested;
    expect(() => pruneProtos({ nested: less }, ['a.Mine'])).toThrow(
      'does not describe .b.Answer, which a.Mine needs',
    );
  });
});
