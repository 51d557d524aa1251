import { randomBytes } from 'node:crypto';
import { deflateRawSync } from 'node:zlib';
import { beforeEach, describe, expect, it } from 'vitest';
import { inPlaceOf, toBlob } from '../../../shared/contract/claim-check.ts';
import { MeshError } from '../../../shared/contract/errors.ts';
import type { Write } from '../../../shared/contract/store.ts';
import { BLOB_RETENTION_MS, Blobs } from '../../../shared/kernel/blobs.ts';
import { ManualClock } from '../../../shared/testing/manual-clock.ts';
import { MemoryStore } from '../../../shared/testing/memory-store.ts';

const DAY_MS = 86_400_000;
const small = toBlob({ text: 'x'.repeat(1_000) });
/** Of what can't be compressed, so that it takes several documents. */
const large = toBlob({ text: randomBytes(3_000_000).toString('base64') });

class CountingStore extends MemoryStore {
  reads = 0;
  commits: (readonly Write[])[] = [];
  override read(paths: readonly string[]) {
    this.reads += 1;
    return super.read(paths);
  }
  override commit(writes: readonly Write[]) {
    this.commits.push(writes);
    return super.commit(writes);
  }
}

let store: CountingStore;
let clock: ManualClock;
/** Another instance each time: nothing of it is in memory. */
const anInstance = () => new Blobs(store, clock);
const found = async (check: typeof small.check) => {
  const payload = (await anInstance().read([check])).get(check.sha256);
  return payload instanceof MeshError ? payload.code : payload && Buffer.from(payload).toString();
};
const documents = () => [...store.documents.values()];

beforeEach(() => {
  store = new CountingStore();
  clock = new ManualClock();
});

describe('a payload that is written', () => {
  it('is found by whoever has its claim check', async () => {
    await anInstance().write([small, large]);
    expect(await found(small.check)).toBe(Buffer.from(small.json).toString());
    expect(await found(large.check)).toBe(Buffer.from(large.json).toString());
  });

  it('takes documents well under 1 MiB, in commits under 4 MiB, and the one that tells of the parts comes last', async () => {
    await anInstance().write([large]);
    const sizes = store.commits.map((writes) =>
      writes.map((write) =>
        'fields' in write ? ((write.fields.data as Uint8Array | undefined)?.length ?? 0) : 0,
      ),
    );
    expect(Math.max(...sizes.flat())).toBeLessThanOrEqual(900_000);
    expect(Math.max(...sizes.map((each) => each.reduce((sum, size) => sum + size, 0)))).toBeLessThan(
      4_000_000,
    );
    expect(store.commits.at(-1)?.map(({ path }) => path)).toEqual([`blobs/${large.check.sha256}`]);
  });

  it('costs one commit, and none where the instance knows it to be there', async () => {
    const instance = anInstance();
    await instance.write([small]);
    await instance.write([small, small]);
    expect(store.commits).toHaveLength(1);
    expect(store.reads).toBe(0);
    await instance.read([small.check]);
    expect(store.reads).toBe(0);
  });

  it('is compressed', async () => {
    await anInstance().write([small, large]);
    const encodings = documents().flatMap(({ fields }) => (fields.encoding ? [fields.encoding] : []));
    expect(encodings.sort()).toEqual(['deflate', 'deflate']);
  });

  it('is kept for 120 days from when it was last referred to, in all its parts', async () => {
    const expiries = () => documents().map(({ fields }) => (fields.expireAt as Date).getTime() - clock.now());
    const instance = anInstance();
    await instance.write([large]);
    expect(new Set(expiries())).toEqual(new Set([BLOB_RETENTION_MS]));
    await clock.advance(10 * DAY_MS);
    await instance.write([large]);
    expect(new Set(expiries())).toEqual(new Set([BLOB_RETENTION_MS]));
    await clock.advance(10 * DAY_MS);
    await anInstance().renew([large.check]);
    expect(new Set(expiries())).toEqual(new Set([BLOB_RETENTION_MS]));
    await anInstance().write([{ ...large, until: clock.now() + 200 * DAY_MS }]);
    expect(new Set(expiries())).toEqual(new Set([BLOB_RETENTION_MS + 200 * DAY_MS]));
  });

  it('is whole though two write it at once whose compression differs', async () => {
    const [a, b] = [anInstance(), anInstance()];
    await Promise.all([a.write([large]), b.write([large])]);
    expect(await found(large.check)).toBe(Buffer.from(large.json).toString());
  });

  it('is there whole or not at all when the writer dies at any commit', async () => {
    const commits = await (async () => {
      await anInstance().write([large]);
      return store.commits.length;
    })();
    expect(commits).toBeGreaterThan(1);
    for (let last = 0; last < commits; last++) {
      store = new CountingStore();
      const commit = store.commit.bind(store);
      let left = last;
      store.commit = async (writes) => {
        if (left-- === 0) throw new MeshError('StoreUnavailable', 'the writer died');
        return commit(writes);
      };
      await expect(anInstance().write([large])).rejects.toMatchObject({ code: 'StoreUnavailable' });
      expect(await found(large.check)).toBe('ClaimCheckLost');
      store.commit = commit;
      await anInstance().write([large]);
      expect(await found(large.check)).toBe(Buffer.from(large.json).toString());
    }
  });
});

describe('a claim check', () => {
  const path = `blobs/${small.check.sha256}`;
  const edit = (change: object) =>
    store.commit([{ kind: 'patch', path, fields: change as Readonly<Record<string, never>> }]);

  it('that nothing was written for is lost, and not to be tried again', async () => {
    expect(await found(small.check)).toBe('ClaimCheckLost');
    expect(new MeshError('ClaimCheckLost', '').retry).toBe(false);
  });

  it('of which a part is gone is lost', async () => {
    await anInstance().write([large]);
    const part = documents().find((document) => document.path.includes('/parts/'));
    await store.commit([{ kind: 'delete', path: part?.path ?? '' }]);
    expect(await found(large.check)).toBe('ClaimCheckLost');
  });

  it('of which a part is gone is written anew by who sends it next, though it was to be kept for longer before', async () => {
    await anInstance().write([large]);
    await clock.advance(10 * DAY_MS);
    const part = documents().find((document) => document.path.includes('/parts/'));
    await store.commit([{ kind: 'delete', path: part?.path ?? '' }]);
    const instance = anInstance();
    await instance.renew([large.check]);
    await instance.write([large]);
    expect(await found(large.check)).toBe(Buffer.from(large.json).toString());
  });

  it('whose payload was changed is damaged', async () => {
    await anInstance().write([small]);
    await edit({ encoding: 'identity', data: Buffer.from(small.json).fill('y', 10, 20) });
    expect(await found(small.check)).toBe('ClaimCheckDamaged');
    await edit({ encoding: 'deflate', data: Buffer.from('no deflate') });
    expect(await found(small.check)).toBe('ClaimCheckDamaged');
  });

  it('that says another size than its payload has is refused without its parts being read', async () => {
    await anInstance().write([large]);
    store.reads = 0;
    expect(await found({ ...large.check, bytes: 100 })).toBe('ClaimCheckDamaged');
    expect(store.reads).toBe(1);
  });

  it('is never unpacked to more than it says', async () => {
    await anInstance().write([small]);
    await edit({ encoding: 'deflate', data: deflateRawSync(Buffer.alloc(200_000_000)) });
    const before = process.memoryUsage().rss;
    expect(await found(small.check)).toBe('ClaimCheckDamaged');
    expect(process.memoryUsage().rss - before).toBeLessThan(100_000_000);
  });

  it('stands for the same after it was read and written by others', () => {
    expect(inPlaceOf(small.check)).toEqual(JSON.parse(JSON.stringify(inPlaceOf(small.check))));
  });
});

describe('many payloads', () => {
  it('are read in as few requests as they fit', async () => {
    const blobs = Array.from({ length: 45 }, (_, n) => toBlob({ n, text: 'x'.repeat(500) }));
    await anInstance().write(blobs);
    expect(store.commits).toHaveLength(1);
    const payloads = await anInstance().read(blobs.map(({ check }) => check));
    expect(payloads.size).toBe(45);
    expect(store.reads).toBe(3);
  });

  it('are kept in memory up to a bound', async () => {
    const instance = anInstance();
    const blobs = Array.from({ length: 10 }, (_, n) => toBlob({ n, text: 'x'.repeat(5_000_000) }));
    for (const blob of blobs) await instance.write([blob]);
    await instance.read([blobs.at(-1)?.check ?? small.check]);
    expect(store.reads).toBe(0);
    await instance.read([blobs[0]?.check ?? small.check]);
    expect(store.reads).toBe(1);
  });
});
