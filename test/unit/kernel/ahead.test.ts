import { beforeEach, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { defineAgent } from '../../../shared/contract/define-agent.ts';
import { rejected } from '../../../shared/contract/errors.ts';
import type { Delivery } from '../../../shared/contract/message.ts';
import type { StoredDocument } from '../../../shared/contract/store.ts';
import { createKernel, type Kernel } from '../../../shared/kernel/kernel.ts';
import type { Decision, Route } from '../../../shared/kernel/route.ts';
import { World } from '../../support/world.ts';

const counter = defineAgent({ name: 'counter', commands: { count: { input: z.object({}) } } });

/** One document, to which each message adds one, and what its decisions are made to be. */
const DOCUMENT = 'counters/one';

interface Asked {
  readonly at: number | undefined;
}

describe('a first delivery is handled without a read', () => {
  let world: World;
  let reads: string[][];
  let asked: Asked[];
  let decide: (document: StoredDocument | undefined) => Decision;
  let needs: boolean;
  let published: string[];

  beforeEach(() => {
    world = new World({ agents: [{ contract: counter.contract, routes: () => new Map() }] });
    reads = [];
    asked = [];
    needs = true;
    published = [];
    const publish = world.ports.bus.publish.bind(world.ports.bus);
    world.ports.bus.publish = (topic, messages) => {
      published.push(topic);
      return publish(topic, messages);
    };
    decide = add;
    const read = world.store.read.bind(world.store);
    world.store.read = (paths) => {
      reads.push([...paths]);
      return read(paths);
    };
  });

  const countIn = (document: StoredDocument | undefined) => document?.fields.value as number | undefined;
  const stored = () => countIn(world.store.documents.get(DOCUMENT));

  function add(document: StoredDocument | undefined): Decision {
    const fields = { value: (countIn(document) ?? 0) + 1 };
    return {
      writes: [
        document
          ? { kind: 'put', path: DOCUMENT, fields, ifVersion: document.version }
          : { kind: 'create', path: DOCUMENT, fields },
      ],
      sends: [],
    };
  }

  /** An instance. */
  function kernel(): Kernel {
    const [fn] = world.topology.functions;
    if (!fn) throw new Error('no function');
    const route: Route = {
      mode: 'commit',
      reads: () => (needs ? [DOCUMENT] : []),
      document: () => (needs ? DOCUMENT : undefined),
      mailbox: { documentOf: () => (needs ? DOCUMENT : undefined), crowded: () => false },
      decide: async ({ documents: [document] }) => {
        asked.push({ at: countIn(document) });
        return decide(document);
      },
    };
    return createKernel({
      contract: counter.contract,
      deployment: fn.deployment,
      ports: world.ports,
      routes: new Map([['counter.count', route]]),
    });
  }

  const message = (id: string, more: Partial<Delivery> = {}): Delivery => ({
    data: Buffer.from('{}'),
    attributes: { 'ce-type': 'count', 'ce-id': id, 'ce-source': '/test' },
    messageId: id,
    publishTime: '2026-01-01T00:00:00Z',
    subscription: 'mesh-counter',
    deliveryAttempt: 1,
    ...more,
  });

  it('where this instance wrote last what the message needs', async () => {
    const instance = kernel();
    await instance.handle(message('a'));
    expect(reads).toHaveLength(1);
    await instance.handle(message('b'));
    await instance.handle(message('c'));
    expect(stored()).toBe(3);
    expect(reads).toHaveLength(1);
  });

  it('and looked up after all where another instance wrote since, with the effect of each once', async () => {
    const [one, other] = [kernel(), kernel()];
    await one.handle(message('a'));
    await other.handle(message('b'));
    await one.handle(message('c'));
    expect(stored()).toBe(3);
    expect(asked.map(({ at }) => at)).toEqual([undefined, 1, 1, 2]);
  });

  it('less and less often tried where another instance always wrote since', async () => {
    const [one, other] = [kernel(), kernel()];
    for (let at = 0; at < 100; at++) {
      await one.handle(message(`one-${at}`));
      await other.handle(message(`other-${at}`));
    }
    expect(stored()).toBe(200);
    // Each instance tries after 1, 3, 7, 15, … messages: what was decided in vain is a small part.
    expect(asked.length - 200).toBeLessThan(16);
  });

  it('and tried again once the other instances are gone', async () => {
    const [one, other] = [kernel(), kernel()];
    for (let at = 0; at < 20; at++) {
      await one.handle(message(`one-${at}`));
      await other.handle(message(`other-${at}`));
    }
    for (let at = 20; at < 100; at++) await one.handle(message(`one-${at}`));
    reads = [];
    for (let at = 100; at < 120; at++) await one.handle(message(`one-${at}`));
    expect(reads).toEqual([]);
    expect(stored()).toBe(140);
  });

  it('but what has no effect on an old document is decided anew on the one that is stored', async () => {
    const [one, other] = [kernel(), kernel()];
    await one.handle(message('a'));
    await other.handle(message('b'));
    decide = (document) =>
      countIn(document) === 1 ? { writes: [], sends: [], record: false } : add(document);
    expect(await one.handle(message('c'))).toEqual({ kind: 'ack' });
    expect(stored()).toBe(3);
  });

  it('but what would be committed without holding it to an old document is decided anew', async () => {
    const [one, other] = [kernel(), kernel()];
    await one.handle(message('a'));
    await other.handle(message('b'));
    const said: (number | undefined)[] = [];
    decide = (document) => {
      const reply = {
        to: 'events',
        type: 'counter.seen',
        data: { value: countIn(document) ?? null },
      } as const;
      return { writes: [], sends: [reply], committed: () => said.push(countIn(document)) };
    };
    await one.handle(message('c'));
    expect(said).toEqual([2]);
  });

  it('but what fails on an old document is decided anew', async () => {
    const [one, other] = [kernel(), kernel()];
    await one.handle(message('a'));
    await other.handle(message('b'));
    decide = (document) => {
      if (countIn(document) === 1) throw rejected('too_early', 'there is only one');
      return add(document);
    };
    expect(await one.handle(message('c'))).toEqual({ kind: 'ack' });
    expect(stored()).toBe(3);
  });

  it('a second delivery is looked up first', async () => {
    const instance = kernel();
    await instance.handle(message('a'));
    expect(await instance.handle(message('a', { deliveryAttempt: 2 }))).toEqual({
      kind: 'ack',
      duplicate: true,
    });
    expect(asked).toHaveLength(1);
  });

  it('a message that comes twice as the first delivery has its effect once', async () => {
    const instance = kernel();
    await instance.handle(message('a'));
    await instance.handle(message('b'));
    expect(await instance.handle(message('b'))).toEqual({ kind: 'ack', duplicate: true });
    expect(stored()).toBe(2);
  });

  describe('that needs no document', () => {
    beforeEach(() => {
      needs = false;
      decide = () => ({
        writes: [],
        sends: [{ to: 'events', type: 'counter.counted', data: {} }],
      });
    });

    it('costs a commit and no read', async () => {
      expect(await kernel().handle(message('a'))).toEqual({ kind: 'ack' });
      expect(reads).toEqual([]);
    });

    it('of what was handled before, whatever it comes to now, is acked, and what it sent is sent again', async () => {
      await kernel().handle(message('a'));
      const before = published.length;
      decide = () => {
        throw rejected('closed', 'no more counting');
      };
      expect(await kernel().handle(message('a'))).toEqual({ kind: 'ack', duplicate: true });
      expect(published).toHaveLength(before + 1);
    });

    it('that fails is decided on once, and ends as it would have', async () => {
      decide = () => {
        throw rejected('closed', 'no more counting');
      };
      expect(await kernel().handle(message('a'))).toMatchObject({ kind: 'dead-letter' });
      expect(asked).toHaveLength(1);
    });
  });
});
