import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { graphOf, readGraph } from './graph.ts';
import { type Manifest, readProjectFile } from './repository.ts';
import { breachesIn, deployedImports } from './walls.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

test('the project keeps its walls', () => {
  const graph = readGraph(root);
  expect(graph.has('test/architecture/walls.test.ts')).toBe(true);
  expect(breachesIn(graph)).toEqual([]);
});

/** A small mesh that keeps every wall. */
const sound: Readonly<Record<string, string>> = {
  'shared/contract/index.ts': `import { z } from 'zod'; import './clock.ts';`,
  'shared/contract/clock.ts': `import { createHash } from 'node:crypto';`,
  'shared/topology.ts': `import '../shared/contract/index.ts';`,
  'shared/kernel/kernel.ts': `import '../contract/index.ts';`,
  'shared/workflow/engine.ts': `import '../kernel/kernel.ts'; import '../contract/index.ts';`,
  'shared/gcp/bus.ts': `import { PubSub } from '@google-cloud/pubsub'; import winston from 'winston'; import '../contract/index.ts';`,
  'shared/function/serve.ts': `import { http } from '@google-cloud/functions-framework'; import '../kernel/kernel.ts'; await import('../gcp/bus.ts');`,
  'shared/testing/manual-clock.ts': `import '../contract/clock.ts';`,
  'shared/index.ts': `export * from './contract/index.ts'; export * from './workflow/engine.ts'; export * from './function/serve.ts';`,
  'agents/contracts.ts': `await import(folder + '/contract.ts');`,
  'agents/orders/contract.ts': `import { z } from 'zod'; import '../../shared/contract/index.ts';`,
  'agents/orders/workflow.ts': `import '../../shared/index.ts'; import '../payments/contract.ts'; import './contract.ts'; import './total.ts';`,
  'agents/orders/total.ts': '',
  'agents/payments/contract.ts': `import { z } from 'zod';`,
  'agents/payments/handler.ts': `import type { Stripe } from 'stripe'; import '../../shared/index.ts'; import './contract.ts'; await import('stripe');`,
  'agents/payments/index.ts': `import '../../shared/function/serve.ts'; import './handler.ts';`,
  'emulator/wire/port.ts': `import { Server } from '@grpc/grpc-js'; import 'node:net'; require(json);`,
  'emulator/run/run.ts': `import '../wire/port.ts'; import '../../agents/contracts.ts'; import '../../shared/topology.ts';`,
  'cli/mesh.ts': `import { Command } from 'commander'; import '../emulator/run/run.ts'; import '../shared/gcp/bus.ts';`,
  'infra/index.ts': `import * as gcp from '@pulumi/gcp'; import '../shared/topology.ts'; import '../agents/contracts.ts';`,
  'infra/preview/engine.ts': `import '@pulumi/pulumi'; import '@grpc/grpc-js'; import '../../shared/contract/index.ts';`,
  'bench/cold-start.ts': `import '../cli/mesh.ts';`,
  'scripts/gate.ts': `import 'node:fs'; import './gate/part.mjs';`,
  'scripts/gate/part.mjs': '',
  'test/integration/mesh.test.ts': `import '../../emulator/run/run.ts'; import '../../shared/testing/manual-clock.ts'; import 'vitest';`,
  'vitest.config.ts': `import { defineConfig } from 'vitest/config';`,
};

/** What is wrong once `changes` are made to the sound mesh. */
const breaches = (changes: Readonly<Record<string, string>>) => breachesIn(graphOf({ ...sound, ...changes }));

test('a mesh that keeps every wall has no breach', () => {
  expect(breaches({})).toEqual([]);
});

describe('what a room may not import is a breach', () => {
  test.each([
    ['the contract room, the kernel', 'shared/contract/clock.ts', '../kernel/kernel.ts'],
    ['the contract room, a package', 'shared/contract/clock.ts', 'winston'],
    ['the contract room, the file system', 'shared/contract/clock.ts', 'node:fs'],
    ['the topology, the kernel', 'shared/topology.ts', './kernel/kernel.ts'],
    ['the kernel, the workflow engine above it', 'shared/kernel/kernel.ts', '../workflow/engine.ts'],
    ['the kernel, the client libraries', 'shared/kernel/kernel.ts', '../gcp/bus.ts'],
    ['the kernel, a timer of the machine', 'shared/kernel/kernel.ts', 'node:timers/promises'],
    ['the workflow engine, a client library', 'shared/workflow/engine.ts', '@google-cloud/firestore'],
    ['the client libraries, the kernel', 'shared/gcp/bus.ts', '../kernel/kernel.ts'],
    [
      'the client libraries, the functions framework',
      'shared/gcp/bus.ts',
      '@google-cloud/functions-framework',
    ],
    ['the door, test helpers', 'shared/index.ts', './testing/manual-clock.ts'],
    ['the door, a package', 'shared/index.ts', 'zod'],
    ['the door, the client libraries', 'shared/index.ts', './gcp/bus.ts'],
    ['shared code, test helpers', 'shared/kernel/kernel.ts', '../testing/manual-clock.ts'],
    ['the test kit, the client libraries', 'shared/testing/manual-clock.ts', '../gcp/bus.ts'],
    ['a contract, another contract', 'agents/orders/contract.ts', '../payments/contract.ts'],
    ['a contract, its own handler', 'agents/payments/contract.ts', './handler.ts'],
    ['a contract, the door', 'agents/orders/contract.ts', '../../shared/index.ts'],
    ['a contract, a package', 'agents/orders/contract.ts', 'stripe'],
    ['a contract, Node', 'agents/orders/contract.ts', 'node:crypto'],
    ['a handler, another agent', 'agents/payments/handler.ts', '../orders/workflow.ts'],
    ['a handler, past the door', 'agents/payments/handler.ts', '../../shared/contract/index.ts'],
    ['a handler, a client library', 'agents/payments/handler.ts', '@google-cloud/pubsub'],
    ['a handler, winston', 'agents/payments/handler.ts', 'winston'],
    ['a handler, the emulator', 'agents/payments/handler.ts', '../../emulator/wire/port.ts'],
    ['a workflow, Node', 'agents/orders/workflow.ts', 'node:crypto'],
    ['an entry, another agent', 'agents/payments/index.ts', '../orders/workflow.ts'],
    ['an entry, a client library', 'agents/payments/index.ts', '@google-cloud/pubsub'],
    ['the finder of contracts, a handler', 'agents/contracts.ts', './payments/handler.ts'],
    ['the emulator, a handler', 'emulator/run/run.ts', '../../agents/payments/handler.ts'],
    ['the emulator, the kernel', 'emulator/run/run.ts', '../../shared/kernel/kernel.ts'],
    ['the emulator, the command line', 'emulator/run/run.ts', '../../cli/mesh.ts'],
    ['the command line, infrastructure', 'cli/mesh.ts', '../infra/index.ts'],
    ['the command line, a client library', 'cli/mesh.ts', '@google-cloud/pubsub'],
    ['infrastructure, the emulator', 'infra/index.ts', '../emulator/run/run.ts'],
    ['the preview of infrastructure, what it previews', 'infra/preview/engine.ts', '../index.ts'],
    ['the preview of infrastructure, the provider', 'infra/preview/engine.ts', '@pulumi/gcp'],
    ['infrastructure, a handler', 'infra/index.ts', '../agents/payments/handler.ts'],
    ['a benchmark, the emulator', 'bench/cold-start.ts', '../emulator/run/run.ts'],
    ['a script, the product', 'scripts/gate.ts', '../shared/index.ts'],
  ])('%s', (_what, from, specifier) => {
    expect(breaches({ [from]: `import '${specifier}';` })).toContainEqual(
      expect.stringMatching(new RegExp(`^${from}:1: .* may not import ${specifier.replaceAll('.', '\\.')}$`)),
    );
    expect(breaches({ [from]: `import type { T } from '${specifier}';` })).not.toEqual([]);
    expect(breaches({ [from]: `export const load = () => import('${specifier}');` })).not.toEqual([]);
  });
});

describe('what is to be loaded late is a breach when it is loaded with the module', () => {
  test.each([
    ['a provider SDK, by a handler', 'agents/payments/handler.ts', 'stripe'],
    ['the client libraries, by the entry shell', 'shared/function/serve.ts', '../gcp/bus.ts'],
    ['gRPC, by the room of the client libraries', 'shared/gcp/bus.ts', '@grpc/grpc-js'],
    ['the client libraries, by an entry', 'agents/payments/index.ts', '../../shared/gcp/bus.ts'],
  ])('%s', (_what, from, specifier) => {
    const loadedWithIt = expect.stringContaining('only lazily');
    expect(breaches({ [from]: `import '${specifier}';` })).toEqual([loadedWithIt]);
    expect(breaches({ [from]: `import { type T } from '${specifier}';` })).toEqual([loadedWithIt]);
    expect(breaches({ [from]: `export * from '${specifier}';` })).toEqual([loadedWithIt]);
    expect(
      breaches({ [from]: `import type { T } from '${specifier}'; await import('${specifier}');` }),
    ).toEqual([]);
  });
});

describe('it is a breach', () => {
  test('to be in no room', () => {
    expect(breaches({ 'utils/dates.ts': '' })).toEqual([
      'utils/dates.ts: belongs to no room of test/architecture/rooms.ts',
    ]);
    expect(breaches({ 'shared/dates.ts': '' })).toHaveLength(1);
  });

  test('to import one another, directly or round about', () => {
    expect(
      breaches({
        'cli/a.ts': `import './b.ts';`,
        'cli/b.ts': `export * from './c.ts';`,
        'cli/c.ts': `import type { A } from './a.ts';`,
        'cli/d.ts': `import './a.ts'; import './d.ts';`,
      }),
    ).toEqual([
      'cli/a.ts: is in an import cycle: cli/a.ts, cli/b.ts, cli/c.ts',
      'cli/d.ts: is in an import cycle: cli/d.ts',
    ]);
  });

  test('to leave the extension out, or to name a file that is not there', () => {
    expect(breaches({ 'cli/mesh.ts': `import './up';` })).toEqual([
      'cli/mesh.ts:1: ./up lacks its extension',
    ]);
    expect(breaches({ 'cli/mesh.ts': `import './up.js';` })).toEqual([
      'cli/mesh.ts:1: ./up.js lacks its extension',
    ]);
    expect(breaches({ 'cli/mesh.ts': `import './up.ts';` })).toEqual([
      'cli/mesh.ts:1: ./up.ts does not exist',
    ]);
  });

  test('to compute what is imported, but for the finder of contracts', () => {
    expect(breaches({ 'shared/kernel/kernel.ts': 'await import(name);' })).toEqual([
      'shared/kernel/kernel.ts:1: computes what it imports, so no wall can hold it',
    ]);
  });

  test('for an entry to be longer than 15 lines', () => {
    const entry = `import './handler.ts';`;
    expect(breaches({ 'agents/payments/index.ts': `${entry}${'\n//'.repeat(14)}\n` })).toEqual([]);
    expect(breaches({ 'agents/payments/index.ts': `${entry}${'\n//'.repeat(15)}\n` })).toEqual([
      'agents/payments/index.ts: has 16 lines, an entry at most 15',
    ]);
  });
});

test('what is deployed imports no package that is only for development', () => {
  const manifest: Manifest = JSON.parse(readProjectFile(root, 'package.json'));
  expect(deployedImports(readGraph(root)).filter((name) => !(name in manifest.dependencies))).toEqual([]);
});

test('what is deployed is the agents and what is shared, test helpers and types apart', () => {
  const graph = graphOf({
    ...sound,
    'shared/testing/faults.ts': `import 'fast-check';`,
    'shared/gcp/bus.ts': `import type { ChannelCredentials } from '@grpc/grpc-js'; await import('@google-cloud/pubsub/build/index.js');`,
  });
  expect(deployedImports(graph)).toEqual([
    '@google-cloud/functions-framework',
    '@google-cloud/pubsub',
    'stripe',
    'zod',
  ]);
});

test('modules that load one another on demand are no cycle', () => {
  expect(breaches({ 'cli/a.ts': `import './b.ts';`, 'cli/b.ts': `await import('./a.ts');` })).toEqual([]);
});
