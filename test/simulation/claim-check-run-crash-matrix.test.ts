import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runIdOf } from '../../shared/contract/keys.ts';
import { decodeRun } from '../../shared/workflow/run-record.ts';
import { APPROVAL, editionMesh, SET, TEXT, WORDS } from '../support/edition-mesh.ts';
import { FAULTS, FaultPlan } from '../support/faults.ts';
import { World, type WorldOptions } from '../support/world.ts';

const DAY_MS = 86_400_000;
const RUN = runIdOf('edition', 'e');

/** An edition that is approved, then fails and is undone: what stands then, and what was dangling. */
async function pulped(plan: FaultPlan, options: Partial<WorldOptions> = {}) {
  const world = new World({ agents: editionMesh(), plan, ...options });
  world.command('publisher', 'edition', { id: 'e', text: TEXT, words: WORDS, fails: true });
  await world.settle(DAY_MS);
  world.publish('mesh-publisher', {
    data: Buffer.from(JSON.stringify({ name: 'approve', payload: APPROVAL })),
    attributes: { 'ce-type': 'mesh.signal', 'ce-id': 'approval', 'ce-source': '/test', runid: RUN },
  });
  await world.settle(DAY_MS);
  const documents = [...world.store.documents.values()];
  const document = world.store.documents.get(`workflows/${RUN}`);
  const run = document && decodeRun(document);
  return {
    books: {
      status: run?.status,
      reason: run?.failure?.reason,
      steps: run?.steps,
      scrapped: world.store.documents.get('agents/press/state/e')?.fields.scrapped,
      deadLetters: documents.filter(({ path }) => path.startsWith('deadLetters/')).length,
      dangling: dangling(world),
    },
  };
}

/** Claim checks in any document for which there is no payload. */
function dangling(world: World): string[] {
  const known = new Set(world.store.documents.keys());
  return [...world.store.documents.values()].flatMap(({ path, fields }) =>
    [...JSON.stringify(fields).matchAll(/mesh\.claimCheck\\*":\{\\*"sha256\\*":\\*"([0-9a-f]{64})/g)]
      .filter(([, sha256]) => !known.has(`blobs/${sha256}`))
      .map(() => path),
  );
}

const PULPED = {
  status: 'failed',
  reason: 'misprint',
  steps: { total: 22, done: 22, failed: 0, open: 0 },
  scrapped: SET,
  deadLetters: 0,
  dangling: [],
};

describe('a run whose payloads go by claim check', async () => {
  const dry = new FaultPlan();
  const { books } = await pulped(dry);

  it('is undone whole', () => expect(books).toEqual(PULPED));

  for (const fault of FAULTS) {
    it(`is so with a ${fault} at any one call, and no claim check is ever without its payload`, async () => {
      // Every third call, each fault beginning at another: all kinds of calls come up in each.
      for (let at = FAULTS.indexOf(fault) % 3; at < dry.trace.length; at += 3) {
        const after = await pulped(new FaultPlan(at, fault));
        expect(after.books, `${fault} at call ${at}, ${dry.trace[at]}`).toEqual(PULPED);
      }
    });
  }

  it('is so for any order of deliveries, several at once, with duplicates, and a fault anywhere', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(dry.trace.length),
        fc.constantFrom(...FAULTS),
        fc.infiniteStream(fc.nat(1_000)),
        fc.boolean(),
        async (at, fault, choices, lasting) => {
          const draw = () => choices.next().value as number;
          let duplicates = 12;
          const after = await pulped(new FaultPlan(at, fault), {
            lasting,
            pick: (count) => draw() % count,
            parallel: () => 1 + (draw() % 3),
            duplicate: () => duplicates > 0 && draw() % 3 === 0 && duplicates-- > 0,
          });
          expect(after.books).toEqual(PULPED);
        },
      ),
      { numRuns: 40 },
    );
  });
});
