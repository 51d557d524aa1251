/**
 * The rooms of the project, and which other rooms and packages each may import. `docs/design.md` says why; this table is
 * what holds.
 *
 * A target is the name of a room, `own` (the agent's own folder), a package, `node:` with the name of one of Node's
 * modules, `node:*` for all of them, or `*` for anything at all.
 */
export interface Room {
  readonly name: string;
  readonly holds: RegExp;
  readonly may: readonly string[];
  /** Targets that are not to be loaded with the module: by a dynamic import, or for their types. */
  readonly mayLazily?: readonly string[];
}

/** Node's modules that touch neither the machine nor the clock. */
const PURE_NODE = ['assert', 'async_hooks', 'buffer', 'crypto', 'events', 'path', 'url', 'util', 'zlib'].map(
  (name) => `node:${name}`,
);

const SHARED = ['shared', 'shared/contract', 'shared/kernel', 'shared/workflow'];
const PROVIDERS = ['stripe', 'twilio', '@googleapis/calendar'];

/** A path is in the first room that holds it. */
const rooms: readonly Room[] = [
  {
    name: 'shared/contract',
    holds: /^shared\/contract\//,
    may: ['shared/contract', 'zod', ...PURE_NODE],
  },
  {
    name: 'shared/topology',
    holds: /^shared\/topology(-indexes)?\.ts$/,
    may: ['shared/topology', 'shared/contract', ...PURE_NODE],
  },
  {
    name: 'shared/kernel',
    holds: /^shared\/kernel\//,
    may: ['shared/kernel', 'shared/contract', ...PURE_NODE],
  },
  {
    name: 'shared/workflow',
    holds: /^shared\/workflow\//,
    // Schedules made at run time: croner tells when a cron expression strikes, and is loaded with the first of them.
    may: ['shared/workflow', 'shared/kernel', 'shared/contract', 'croner', ...PURE_NODE],
  },
  {
    // The one room that knows Google's client libraries.
    name: 'shared/gcp',
    holds: /^shared\/gcp\//,
    may: [
      'shared/gcp',
      'shared/contract',
      '@google-cloud/firestore',
      '@google-cloud/pubsub',
      '@google-cloud/tasks',
      '@google-cloud/secret-manager',
      '@google-cloud/logging-winston',
      'winston',
      'node:*',
    ],
    // Their transport, which is asked for itself only where a local server stands in for Google's.
    mayLazily: ['@grpc/grpc-js'],
  },
  {
    // The HTTP shell of a deployed function. The client libraries wait for the first message: cold start depends on it.
    name: 'shared/function',
    holds: /^shared\/function\//,
    may: [
      'shared/function',
      'shared/workflow',
      'shared/kernel',
      'shared/contract',
      '@google-cloud/functions-framework',
      'node:*',
    ],
    mayLazily: ['shared/gcp'],
  },
  {
    // The client for programs outside of the mesh. The client libraries wait for its first call.
    name: 'shared/client',
    holds: /^shared\/client\//,
    may: ['shared/client', 'shared/workflow', 'shared/kernel', 'shared/contract', 'zod', ...PURE_NODE],
    mayLazily: ['shared/gcp'],
  },
  {
    name: 'shared/testing',
    holds: /^shared\/testing\//,
    may: ['shared/testing', 'shared/workflow', 'shared/kernel', 'shared/contract', 'node:*'],
  },
  {
    // The door that agents come in by. What lies behind it must not load the client libraries.
    name: 'shared',
    holds: /^shared\/index\.ts$/,
    may: ['shared/function', 'shared/workflow', 'shared/kernel', 'shared/contract', 'shared/topology'],
  },
  {
    // A program outside of the mesh.
    name: 'example client',
    holds: /^examples\/client\//,
    may: ['contract', 'shared/client', 'shared/contract', 'node:*'],
  },
  {
    // The sample's recorder of dead letters, for the mesh of the examples.
    name: 'example recorder',
    holds: /^examples\/dead-letters\//,
    may: ['contract', 'agent', ...SHARED, '@google-cloud/functions-framework'],
  },
  {
    // Pure data: whoever imports an agent's contract loads nothing of that agent.
    name: 'contract',
    holds: /^(agents|examples)\/[^/]+\/contract\.ts$/,
    may: ['shared/contract', 'zod'],
  },
  {
    name: 'entry',
    holds: /^(agents|examples)\/[^/]+\/index\.ts$/,
    may: ['own', ...SHARED, 'shared/function', '@google-cloud/functions-framework', 'node:*'],
    mayLazily: ['shared/gcp'],
  },
  {
    // Workflow code is replayed: it gets time, ids and randomness from its workflow, and nothing from the machine (I9).
    name: 'agent workflow',
    holds: /^(agents|examples)\/[^/]+\/workflow\.ts$/,
    may: ['own', 'shared', 'contract'],
  },
  {
    name: 'agent',
    holds: /^(agents|examples)\/[^/]+\//,
    may: ['own', 'shared', 'contract', 'node:*'],
    mayLazily: PROVIDERS,
  },
  {
    name: 'contracts',
    holds: /^agents\/contracts\.ts$/,
    may: ['contract', 'shared/contract', 'node:*'],
  },
  {
    // For tools that replay: it finds the workflows of the agents by name.
    name: 'workflows',
    holds: /^agents\/workflows\.ts$/,
    may: ['contracts', 'shared/contract', 'shared/workflow', 'node:*'],
  },
  {
    // For the check of an agents' folder: it loads the code of the agents by name.
    name: 'entries',
    holds: /^agents\/entries\.ts$/,
    may: ['shared/contract', 'node:*'],
  },
  {
    // What a program would deploy, without the cloud: it runs the program as a process of its own, and loads nothing of it.
    name: 'infra/preview',
    holds: /^infra\/preview\//,
    may: ['infra/preview', 'shared/contract', '@pulumi/pulumi', '@grpc/grpc-js', 'node:*'],
  },
  {
    // The configuration of a stack comes from outside, as messages do, and is checked by the same means.
    name: 'infra',
    holds: /^infra\//,
    may: [
      'infra',
      'contracts',
      'contract',
      'shared/topology',
      'shared/contract',
      '@pulumi/pulumi',
      '@pulumi/gcp',
      'zod',
      'node:*',
    ],
  },
  {
    name: 'emulator',
    holds: /^emulator\//,
    may: [
      'emulator',
      'contracts',
      'contract',
      'shared/topology',
      'shared/contract',
      '@grpc/grpc-js',
      '@grpc/proto-loader',
      'avsc',
      'croner',
      'protobufjs',
      'node:*',
    ],
  },
  {
    name: 'cli',
    holds: /^cli\//,
    may: [
      'cli',
      'emulator',
      'infra/preview',
      'contracts',
      'workflows',
      'entries',
      'contract',
      ...SHARED,
      'shared/topology',
      'shared/client',
      'shared/gcp',
      'commander',
      'zod',
      'node:*',
    ],
    // What makes the bundles that `mesh up --bundles` runs.
    mayLazily: ['build'],
  },
  {
    // What is deployed, made from the agents: read as files, never loaded.
    name: 'build',
    holds: /^build\//,
    may: [
      'build',
      'cli',
      'contract',
      'shared/contract',
      'shared/topology',
      'esbuild',
      '@cyclonedx/cyclonedx-library',
      'node:*',
    ],
  },
  {
    // Agents made to be measured.
    name: 'bench agent',
    holds: /^bench\/[^/]+\/agents\//,
    may: ['bench agent', ...SHARED, '@google-cloud/functions-framework', 'zod'],
  },
  {
    // The servers of a local cloud beside Google's emulators, through the clients that both are made for.
    name: 'bench emulator',
    holds: /^bench\/emulator(\.ts$|\/)/,
    may: [
      'bench emulator',
      'emulator',
      'cli',
      'test support',
      '@google-cloud/pubsub',
      '@google-cloud/firestore',
      '@grpc/grpc-js',
      'node:*',
    ],
  },
  {
    name: 'bench cold starts',
    holds: /^bench\/cold-start(\.ts$|\/)/,
    may: [
      'bench cold starts',
      'build',
      'cli',
      'shared/contract',
      '@google-cloud/firestore',
      '@google-cloud/logging-winston',
      '@google-cloud/pubsub',
      '@google-cloud/secret-manager',
      '@google-cloud/tasks',
      'node:*',
    ],
  },
  {
    name: 'bench',
    holds: /^bench\//,
    may: [
      ...['bench', 'bench agent', 'cli', 'emulator', 'contracts', 'contract', ...SHARED],
      ...['shared/topology', 'shared/gcp', 'node:*'],
    ],
  },
  { name: 'scripts', holds: /^scripts\//, may: ['scripts', 'node:*'] },
  { name: 'settings', holds: /^[^/]+\.config\.ts$/, may: ['vitest', 'node:*'] },
  { name: 'test support', holds: /^test\/support\//, may: ['*'] },
  { name: 'test', holds: /^test\//, may: ['*'] },
];

/** The modules that find others by name, so that what they import cannot be read off them. */
export const finders: readonly RegExp[] = [
  /^agents\/(contracts|entries|workflows)\.ts$/,
  /^emulator\/wire\//,
  /^test\//,
];

/** The room that holds `path`. */
export function roomOf(path: string): Room | undefined {
  return rooms.find((room) => room.holds.test(path));
}
