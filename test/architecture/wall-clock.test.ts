import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { projectFiles, readProjectFile } from './repository.ts';
import { racesOf } from './wall-clock.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Files that read the clock of the machine or sleep, and why no verdict depends on it. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  'test/conformance/firestore.long.test.ts':
    "a row that Google's emulator never answers is one that it fails",
  'test/conformance/pubsub.long.test.ts': "a row that Google's emulator never answers is one that it fails",
  'test/conformance/pubsub/delivery-rows.ts': 'times that are an hour away',
  'test/conformance/pubsub/resource-rows.ts': 'an upper bound that only gets wider as time goes by',
  'test/conformance/pubsub/run-program.ts': 'a time that is an hour away, and a bound against hanging',
  'test/conformance/pubsub/world.ts': 'a pause between two looks',
  'test/integration/data-dir.test.ts': 'a time that is an hour away',
  'test/integration/function/agent.ts': 'an error that is thrown where nobody can catch it',
  'test/integration/run-control.test.ts': 'when a run began',
  'test/integration/setup/bootstrap.test.ts': 'a program that goes on until it is stopped',
  'test/integration/setup/checkout.ts': 'a pause between two looks, and a bound against hanging',
  'test/simulation/main.ts': 'where to begin and when to stop; each schedule is given by its seed',
  'test/support/client-mesh.ts': 'a turn for another thread',
  'test/support/eventually.ts': 'the one wait',
  'test/support/google-emulators.ts': 'a pause between two looks',
  'test/unit/docs/run-examples.test.ts': 'something foreign that a workflow awaits',
};

test('no test depends on how fast the machine is', () => {
  const files = projectFiles(root).filter((file) => /^test\/.*\.ts$/.test(file));
  const racing = new Map(
    files
      .map((file) => [file, racesOf(readProjectFile(root, file))] as const)
      .filter(([, races]) => races.length > 0),
  );
  const unexplained = [...racing].filter(([file]) => !(file in EXCEPTIONS));
  expect(unexplained.flatMap(([file, races]) => races.map((race) => `${file}, ${race}`))).toEqual([]);
  expect(Object.keys(EXCEPTIONS).filter((file) => !racing.has(file))).toEqual([]);
});

// Written with < and > for parentheses, since this file is looked through too.
test.each([
  ['await vi.waitFor<<> => {}>;', 'a wait with a limit of its own'],
  ['await expect.poll<read>.toBe<1>;', 'a wait with a limit of its own'],
  ['const at = Date.now<> + 1_000;', 'the clock of the machine'],
  ['await new Promise<<done> => setTimeout<done, 50>>;', 'a sleep'],
  ['  }, 60_000>;', 'a time limit of one test'],
  ["test<'is quick', { timeout: 5_000 }, async <> => {", 'a time limit of one test'],
])('%s is found', (written, what) => {
  const text = written.replaceAll('<', '(').replaceAll('>', ')').replaceAll(') =)', ') =>');
  expect(racesOf(`first\n${text}`)).toEqual([expect.stringContaining(`line 2: ${what}; `)]);
});
