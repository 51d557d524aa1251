import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Entry } from '../../../emulator/data/journal.ts';
import { KeptSecrets } from '../../../emulator/data/kept-secrets.ts';
import { SecretVault } from '../../../emulator/secrets/secret-vault.ts';
import { StatusError } from '../../../emulator/wire/status.ts';
import { ManualClock } from '../../../shared/testing/manual-clock.ts';

const SEED = { demo: { seeded: 'of the start' } };

function secrets(clock = new ManualClock()) {
  const kept = new KeptSecrets();
  const vault = new SecretVault(clock, SEED, () => {}, kept);
  kept.keeps(vault);
  return { clock, kept, vault };
}
type World = ReturnType<typeof secrets>;

function grown(entries: Iterable<Entry>, clock: ManualClock): World {
  const world = secrets(clock);
  for (const entry of entries) world.kept.replay(JSON.parse(JSON.stringify(entry)) as Entry);
  return world;
}

const id = fc.constantFrom('one', 'two', 'seeded');
const nameOf = (each: string) => `projects/demo/secrets/${each}`;
const action = fc.oneof(
  id.map(
    (each) =>
      ({ vault }: World) =>
        void vault.createSecret('projects/demo', each),
  ),
  fc.tuple(id, fc.string({ minLength: 1 })).map(
    ([each, value]) =>
      ({ vault }: World) =>
        void vault.addVersion(nameOf(each), Buffer.from(value)),
  ),
  fc.tuple(id, fc.integer({ min: 1, max: 3 }), fc.constantFrom('ENABLED', 'DISABLED', 'DESTROYED')).map(
    ([each, n, state]) =>
      ({ vault }: World) =>
        void vault.setVersionState(`${nameOf(each)}/versions/${n}`, state),
  ),
  id.map(
    (each) =>
      ({ vault }: World) =>
        void vault.updateSecret(nameOf(each), { labels: { a: 'b' } }),
  ),
  id.map(
    (each) =>
      ({ vault }: World) =>
        vault.deleteSecret(nameOf(each)),
  ),
  fc.nat(5_000).map(
    (ms) =>
      ({ clock }: World) =>
        clock.advance(ms),
  ),
);

const seen = ({ vault }: World) =>
  Array.from(vault.all(), ({ name, createMs, kind, settings, etag, versions }) => ({
    ...{ name, createMs, kind, settings, etag },
    versions: versions.map(({ data, ...version }) => ({ ...version, data: data?.toString() })),
  })).sort((a, b) => a.name.localeCompare(b.name));

describe('secrets that are kept', () => {
  test('are the same again from what was told of them, and from what they tell of themselves', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(action, { size: 'max', maxLength: 25 }), async (actions) => {
        const world = secrets();
        const told: Entry[] = [...world.kept.entries()];
        world.kept.onEntry((...each) => told.push(...(JSON.parse(JSON.stringify(each)) as Entry[])));
        for (const each of actions) {
          try {
            await each(world);
          } catch (error) {
            if (!(error instanceof StatusError)) throw error;
          }
        }
        expect(seen(grown(told, world.clock))).toEqual(seen(world));
        // Every process begins with the seeds: of one that was deleted, an export does not tell.
        const seeded = seen(world).some(({ name }) => name === nameOf('seeded'));
        if (seeded) expect(seen(grown(world.kept.entries(), world.clock))).toEqual(seen(world));
      }),
      { numRuns: 200 },
    );
  });

  test('go on with new etags', () => {
    const world = secrets();
    const { vault } = grown(world.kept.entries(), world.clock);
    const before = vault.getSecret(nameOf('seeded')).etag;
    expect(vault.updateSecret(nameOf('seeded'), { labels: { a: 'b' } }).etag).not.toBe(before);
  });

  test('have a value that the program newly begins with as a new version', () => {
    const clock = new ManualClock();
    const kept = new KeptSecrets();
    const vault = new SecretVault(clock, { demo: { seeded: 'of today' } }, () => {}, kept);
    kept.keeps(vault);
    for (const entry of secrets(clock).kept.entries()) kept.replay(entry);
    vault.reseed();
    vault.reseed();
    expect(vault.getSecret(nameOf('seeded')).versions.map(({ data }) => data?.toString())).toEqual([
      'of the start',
      'of today',
    ]);
  });

  test('that the program begins with are there again, though they were deleted', () => {
    const { kept, vault } = secrets();
    kept.replay({ secretDeleted: nameOf('seeded') });
    vault.reseed();
    expect(vault.access(`${nameOf('seeded')}/versions/latest`).payload.data.toString()).toBe('of the start');
  });

  test('refuse what is none of their entries, without its value', () => {
    const { kept } = secrets();
    expect(() => kept.replay({ topic: 'swordfish' })).toThrow('an entry is none of Secret Manager');
    expect(() => kept.replay({ secret: { name: 'x', value: 'swordfish' } })).toThrow(
      'an entry holds what is no secret',
    );
  });
});
