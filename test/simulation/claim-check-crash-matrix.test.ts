import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digest } from '../../shared/contract/keys.ts';
import { FAULTS, FaultPlan } from '../support/faults.ts';
import { pressMesh, textOf } from '../support/press-mesh.ts';
import { World, type WorldOptions } from '../support/world.ts';

const TEXT = textOf(5_000);

/** Two texts go through three agents by claim check; then what stands in the store. */
async function twoTexts(plan: FaultPlan, options: Partial<WorldOptions> = {}) {
  const world = new World({ agents: pressMesh(), plan, ...options });
  for (const name of ['first', 'second'])
    world.command(
      'editor',
      'hand',
      { name, text: `${TEXT}${name}` },
      { 'ce-id': name, 'ce-source': '/test' },
    );
  await world.settle();
  const fieldsOf = (path: string) => world.store.documents.get(path)?.fields;
  const paths = [...world.store.documents.keys()];
  return {
    world,
    books: {
      press: ['first', 'second'].map((name) => fieldsOf(`agents/press/state/${name}`)),
      archive: ['first', 'second'].map((name) => fieldsOf(`agents/archive/state/${name}`)),
      deadLetters: paths.filter((path) => path.startsWith('deadLetters/')).length,
      blobs: paths.filter((path) => /^blobs\/[^/]+$/.test(path)).length,
    },
  };
}

const digests = ['first', 'second'].map((name) => digest(`${TEXT}${name}`));
const BALANCED = {
  press: digests.map((each) => ({ printed: 1, digest: each })),
  archive: digests.map((each) => ({ kept: 1, digest: each })),
  deadLetters: 0,
  blobs: 2,
};

describe('payloads by claim check', async () => {
  const dry = new FaultPlan();
  const { books } = await twoTexts(dry);

  it('reach every agent whole, once', () => expect(books).toEqual(BALANCED));

  for (const fault of FAULTS) {
    it(`do so with a ${fault} at any one call`, async () => {
      expect(dry.trace.filter((call) => call === 'commit').length).toBeGreaterThan(6);
      for (let at = 0; at < dry.trace.length; at++) {
        const after = await twoTexts(new FaultPlan(at, fault));
        expect(after.books, `${fault} at call ${at}, ${dry.trace[at]}`).toEqual(BALANCED);
      }
    });
  }

  it('do so for any order of deliveries, several at once, with duplicates, and a fault anywhere', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(dry.trace.length),
        fc.constantFrom(...FAULTS),
        fc.infiniteStream(fc.nat(1_000)),
        fc.boolean(),
        async (at, fault, choices, lasting) => {
          const draw = () => choices.next().value as number;
          let duplicates = 12;
          const after = await twoTexts(new FaultPlan(at, fault), {
            lasting,
            pick: (count) => draw() % count,
            parallel: () => 1 + (draw() % 3),
            duplicate: () => duplicates > 0 && draw() % 3 === 0 && duplicates-- > 0,
          });
          expect(after.books).toEqual(BALANCED);
        },
      ),
      { numRuns: 60 },
    );
  });
});
