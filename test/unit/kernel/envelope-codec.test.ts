import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EnvelopeCodec } from '../../../shared/kernel/index.ts';
import { fieldBytes, fieldOf } from '../../../shared/kernel/sealing/field-bytes.ts';
import { ManualClock, MemoryKeys, MemoryStore } from '../../../shared/testing/index.ts';
import { anyField } from '../../support/any-field.ts';

describe('the codec', () => {
  const codecOf = (store = new MemoryStore(), keys = new MemoryKeys(), clock = new ManualClock()) =>
    new EnvelopeCodec({ store, keys, clock });

  it('gives back what it was given, whatever that is, and in no other place', async () => {
    const codec = codecOf();
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array(),
        fc.stringMatching(/^[a-z]{1,63}$/),
        fc.string(),
        async (bytes, tenant, context) => {
          const sealed = await codec.seal(tenant, bytes, context);
          expect(Buffer.compare(await codec.open(sealed, context), bytes)).toBe(0);
          await expect(codec.open(sealed, `${context}?`)).rejects.toMatchObject({ code: 'PayloadDamaged' });
        },
      ),
      { numRuns: 50 },
    );
  });

  it('notices every change of a byte, and what is cut short', async () => {
    const codec = codecOf();
    const sealed = await codec.seal('t', Buffer.from('abc'), 'place');
    for (let at = 0; at < sealed.length; at++) {
      const changed = Uint8Array.from(sealed);
      changed[at] = (changed[at] ?? 0) ^ 1;
      await expect(codec.open(changed, 'place')).rejects.toMatchObject({ retry: false });
      await expect(codec.open(sealed.subarray(0, at), 'place')).rejects.toMatchObject({
        code: 'PayloadDamaged',
      });
    }
  });

  it('never makes the same of the same', async () => {
    const codec = codecOf();
    const all = await Promise.all(
      Array.from({ length: 50 }, () => codec.seal('t', Buffer.from('abc'), 'place')),
    );
    expect(new Set(all.map((bytes) => Buffer.from(bytes).toString('hex'))).size).toBe(50);
  });

  it('has one data key for a tenant, however many instances begin with it at once', async () => {
    const store = new MemoryStore();
    const keys = new MemoryKeys();
    const codecs = Array.from({ length: 8 }, () => codecOf(store, keys));
    const sealed = await Promise.all(codecs.map((codec) => codec.seal('t', Buffer.from('abc'), 'place')));
    for (const codec of codecs)
      for (const bytes of sealed)
        expect(Buffer.from(await codec.open(bytes, 'place')).toString()).toBe('abc');
    expect(new Set(await Promise.all(codecs.map((codec) => codec.name('t', 'x')))).size).toBe(1);
    expect(await codecs[0]?.name('other', 'x')).not.toBe(await codecs[0]?.name('t', 'x'));
  });

  it('forgets a failure of the key service', async () => {
    const keys = new MemoryKeys();
    const codec = codecOf(new MemoryStore(), keys);
    keys.down = true;
    await expect(codec.seal('t', Buffer.from('abc'), '')).rejects.toMatchObject({ code: 'KeysUnavailable' });
    keys.down = false;
    expect(await codec.seal('t', Buffer.from('abc'), '')).toBeInstanceOf(Uint8Array);
  });
});

it('every value of a field comes back as it was', () => {
  fc.assert(
    fc.property(anyField(), (value) => {
      expect(fieldOf(fieldBytes(value))).toEqual(value);
    }),
  );
  const odd = {
    $: 1,
    nested: { $: ['date', 3] },
    at: new Date(5),
    zero: -0,
    nan: Number.NaN,
    far: -Infinity,
  };
  expect(fieldOf(fieldBytes(odd))).toEqual(odd);
  const proto = JSON.parse('{"__proto__": {"a": 1}}');
  expect(Object.keys(fieldOf(fieldBytes(proto)) as object)).toEqual(['__proto__']);
});
