import type { Contract } from '../contract/agent.ts';
import type { PayloadBlob } from '../contract/claim-check.ts';
import { sleep } from '../contract/clock.ts';
import type { Deployment } from '../contract/deployment.ts';
import { milliseconds } from '../contract/duration.ts';
import { hasCode, MeshError } from '../contract/errors.ts';
import { type Failure, toFailure } from '../contract/failure.ts';
import { messageKey } from '../contract/keys.ts';
import type { Log } from '../contract/log.ts';
import type { Message } from '../contract/message.ts';
import { inboxPath } from '../contract/names.ts';
import type { Ports } from '../contract/ports.ts';
import type { StoredDocument, Write } from '../contract/store.ts';
import { Batch } from './batch.ts';
import type { Blobs } from './blobs.ts';
import { burial } from './burial.ts';
import { decodeInbox, encodeInbox, inboxExpiry, type OutboxEntry } from './inbox.ts';
import { insteadOf, isFault, isFinal } from './instead.ts';
import { isHeavy, lightened } from './light-mail.ts';
import { MailWriter } from './mail-writer.ts';
import {
  type DrainMark,
  decodeMail,
  encodeMail,
  type Mail,
  mailboxOf,
  mailPath,
  markFields,
  markOf,
  withMark,
} from './mailbox.ts';
import { publishOutbox, toOutbox } from './outbox.ts';
import { packOutbox, unpackOutbox } from './packed-outbox.ts';
import type { DecisionRequest, Route } from './route.ts';
import { withinTime } from './within-time.ts';

export interface DrainerOptions {
  readonly contract: Contract;
  readonly deployment: Deployment;
  readonly ports: Ports;
  readonly routes: ReadonlyMap<string, Route>;
  readonly blobs: Blobs;
}

/** A message to be left, or whose delivery drains. */
export interface Leaving {
  readonly message: Message;
  /** The document that it is for. */
  readonly path: string;
  readonly traceparent: string;
  readonly log: Log;
}

/** What became of it: whoever drains has seen to it, or will; or this delivery is to come again, to go on with it. */
export type Drained = 'seen-to' | { readonly again: Date };

export interface Drainer {
  /** Whether this instance drains the mailbox of the document now, or is about to. */
  draining(path: string): boolean;
  /**
   * Leaves the message in the mailbox, and drains that unless another delivery does. A message that drained before is left all the same:
   * it may have died there, and been sent again since.
   */
  leave(leaving: Leaving): Promise<Drained>;
}

/** Messages, and bytes of them, that one commit takes. */
const BATCH_MESSAGES = 300;
const BATCH_BYTES = 2_000_000;
const MOST_FAILURES = 8;
const LEASE_MARGIN_MS = 2_000;

/**
 * Drains mailboxes. Its invariants, by which a message may be acked as soon as it is left (I3):
 *
 * - M1 A mark is on the document, and an inbox record `running` is under the drainer's own message, before anybody relies on the drainer;
 *   its message stays un-acked until the mailbox was looked into after the mark was gone. So a drainer that dies is followed by its own
 *   message, which comes again, is put off while the mark lasts, and goes on.
 * - M2 Who leaves a message looks for the mark after that. So either the drainer looks after the message is there, or there is no mark, and
 *   who left it drains.
 * - M3 A batch's sends are on the document from its commit until they are published: whoever takes over publishes them again.
 */
export function createDrainer({ contract, deployment, ports, routes, blobs }: DrainerOptions): Drainer {
  const { store, clock, ids, secrets } = ports;
  const redact = (text: string) => secrets.redact(text);
  const workMs = milliseconds(contract.limits.timeout) / 2;
  const mails = new MailWriter(store);
  /** Documents that bear the mark of this instance, with the session that it is of; and those on which it is being put. */
  const active = new Map<string, Session>();
  const starting = new Map<string, Promise<void>>();

  async function leave(leaving: Leaving): Promise<Drained> {
    const { message, path } = leaving;
    const fields = encodeMail(message, clock.now());
    const light = isHeavy(fields) ? lightened(message) : undefined;
    if (light) {
      await blobs.write([light.blob]);
      return leave({ ...leaving, message: light.message });
    }
    const written = mails.write({ kind: 'put', path: mailPath(path, message), fields });
    if (active.has(path) || starting.has(path)) {
      await written;
      await starting.get(path);
      // M2: the mark goes only after this is unset.
      const session = active.get(path);
      return session ? session.seesTo(message) : drain(leaving);
    }
    return begin(path, async (started) => {
      await written;
      return drainFrom(leaving, started);
    });
  }

  const drain = (leaving: Leaving) => begin(leaving.path, (started) => drainFrom(leaving, started));

  /** Of those that would begin at the same time in this instance, one does: the others wait until it has, or could not. */
  function begin(path: string, work: (started: () => void) => Promise<Drained>): Promise<Drained> {
    const { promise, resolve } = Promise.withResolvers<void>();
    starting.set(path, promise);
    const started = () => {
      if (starting.get(path) === promise) starting.delete(path);
      resolve();
    };
    return work(started).finally(started);
  }

  async function drainFrom(leaving: Leaving, started: () => void): Promise<Drained> {
    const { path, message } = leaving;
    const session = new Session(leaving, ids.uuid());
    const inbox = inboxPath(contract.name, messageKey(message));
    for (let failures = 0; ; ) {
      try {
        const [document, record] = await store.read([path, inbox]);
        const known = record && decodeInbox(record);
        if (known?.status === 'done') {
          // Its own commit, which was made though the answer to it was lost.
          await publishOutbox(await unpackOutbox(known.outbox, inbox, store), ports);
          return 'seen-to';
        }
        const mark = markOf(document);
        if (mark && mark.owner !== session.owner && mark.until.getTime() > clock.now())
          return mark.key === session.key ? { again: mark.until } : 'seen-to';
        if (!document) return await session.refuseAll(path);
        await session.hold(document, mark, record);
        started();
        if ((await session.empty()) === 'time is up') return { again: new Date(clock.now()) };
        // Once more, after the mark is gone (M1).
        const [left] = await store.query({ collection: mailboxOf(path), limit: 1 });
        if (!left) return 'seen-to';
        failures = 0;
      } catch (error) {
        const passing =
          hasCode(error, 'Conflict') || hasCode(error, 'AlreadyExists') || hasCode(error, 'StoreUnavailable');
        if (!passing || ++failures > MOST_FAILURES) {
          await session.giveUp();
          throw error;
        }
        await sleep(clock, 10 * 2 ** failures);
      } finally {
        deactivate(path, session);
      }
    }
  }

  /** A session that finds another at work leaves that one's mark alone. */
  function deactivate(path: string, session: Session): void {
    if (active.get(path) === session) active.delete(path);
  }

  /** The work of one delivery on one mailbox. */
  class Session {
    readonly owner: string;
    readonly key: string;
    readonly #leaving: Leaving;
    #until = 0;
    #held: { readonly document: StoredDocument; readonly mark: DrainMark } | undefined;
    #published = '';

    constructor(leaving: Leaving, owner: string) {
      this.#leaving = leaving;
      this.owner = owner;
      this.key = messageKey(leaving.message);
    }

    /** Puts its mark on the document, and publishes what one before it may have left unpublished. */
    async hold(
      document: StoredDocument,
      mark: DrainMark | undefined,
      record: StoredDocument | undefined,
    ): Promise<void> {
      const { path, message } = this.#leaving;
      const mine = mark?.owner === this.owner ? mark : undefined;
      if (mine) this.#held = { document, mark: mine };
      else {
        const now = clock.now();
        this.#until = now + workMs;
        const until = new Date(this.#until + LEASE_MARGIN_MS);
        const { batch, outbox } = mark ?? { batch: '', outbox: '[]' };
        const taken = { owner: this.owner, key: this.key, until, batch, outbox };
        const inbox = inboxPath(contract.name, this.key);
        const running = encodeInbox(
          { status: 'running', leaseUntil: until, owner: this.owner },
          message,
          now,
        );
        const [version = ''] = await store.commit([
          { kind: 'patch', path, fields: markFields(taken), ifVersion: document.version },
          record
            ? { kind: 'put', path: inbox, fields: running, ifVersion: record.version }
            : { kind: 'create', path: inbox, fields: running },
        ]);
        const fields = withMark(document.fields, taken);
        this.#held = { document: { path, fields, version }, mark: taken };
      }
      active.set(path, this);
      const { batch, outbox } = this.#held.mark;
      if (batch !== this.#published) await this.#publish(batch, await unpackOutbox(outbox, path, store));
    }

    /** Decides on all that is in the mailbox, then takes its mark away. */
    async empty(): Promise<'emptied' | 'time is up'> {
      const { path, log } = this.#leaving;
      for (;;) {
        const found = await store.query({ collection: mailboxOf(path), limit: BATCH_MESSAGES });
        const late = clock.now() >= this.#until;
        if (found.length === 0 || late) {
          // M2
          deactivate(path, this);
          const held = this.#held;
          if (held) {
            await store.commit([
              { kind: 'patch', path, fields: markFields(undefined), ifVersion: held.document.version },
            ]);
          }
          this.#held = undefined;
          return found.length === 0 ? 'emptied' : 'time is up';
        }
        const mails = found.map(decodeMail).sort((a, b) => a.at - b.at);
        const done = await this.#decideOn(mails);
        log.debug('drained', { messages: done, mailbox: path });
      }
    }

    /** M1: another delivery of its own message is not acked before it is through, or it would not come again. */
    seesTo(message: Message): Drained {
      return messageKey(message) === this.key
        ? { again: new Date(this.#until + LEASE_MARGIN_MS) }
        : 'seen-to';
    }

    /** Lets the next delivery start at once. Only a courtesy: the mark's time ends by itself. */
    async giveUp(): Promise<void> {
      if (!this.#held) return;
      const { document, mark } = this.#held;
      const ended = markFields({ ...mark, until: new Date(0) });
      await store
        .commit([{ kind: 'patch', path: document.path, fields: ended, ifVersion: document.version }])
        .catch((error) => this.#leaving.log.debug('the mailbox could not be let go', { error }));
    }

    /** There is no document any more: none of its mail can be taken. */
    async refuseAll(path: string): Promise<'seen-to'> {
      for (;;) {
        const found = await store.query({ collection: mailboxOf(path), limit: BATCH_MESSAGES });
        if (found.length === 0) return 'seen-to';
        await this.#decideOn(found.map(decodeMail));
      }
    }

    /** One batch: as many as fit, in one commit. Returns how many. `refused`: why the decision on the first, which is alone, can't be committed. */
    async #decideOn(mails: readonly Mail[], refused?: unknown): Promise<number> {
      const held = this.#held;
      const known = await store.read(
        mails.map(({ message }) => inboxPath(contract.name, messageKey(message))),
      );
      const id = ids.uuid();
      const start = held && { ...held.document, fields: withMark(held.document.fields, undefined) };
      const batch = new Batch(store, id, start ? [start] : []);
      const outbox: OutboxEntry[] = [];
      const deletes: Write[] = [];
      const payloads: PayloadBlob[] = [];
      const buried: Failure[] = [];
      let bytes = 0;
      let stuck: unknown;
      for (const [at, mail] of mails.entries()) {
        bytes += mail.message.data === null ? 0 : JSON.stringify(mail.message.data).length;
        if (bytes > BATCH_BYTES && deletes.length > 0) break;
        const record = known[at];
        const handled = record && decodeInbox(record);
        try {
          // It was handled by itself, by one who may have died before its sends were published.
          if (handled?.status === 'done')
            outbox.push(...(await unpackOutbox(handled.outbox, record?.path ?? '', store)));
          else outbox.push(...(await this.#decide(batch, mail.message, payloads, refused)));
        } catch (error) {
          if (!(error instanceof MeshError) || error.retry) {
            stuck ??= error;
            continue;
          }
          buried.push(toFailure(error));
          outbox.push(burial(mail.message, toFailure(error), deployment.prefix, contract.name));
        }
        deletes.push({ kind: 'delete', path: mail.path });
      }
      if (deletes.length === 0) throw stuck;
      // Before anything refers to them (I6).
      await blobs.write(payloads);
      try {
        await this.#commit(batch, id, outbox, deletes);
      } catch (error) {
        if (!isFinal(error) || refused !== undefined) throw error;
        // One of them can't be committed: alone it shows which, and something else is decided on it.
        return this.#decideOn(mails.slice(0, 1), mails.length === 1 ? error : undefined);
      }
      for (const failure of buried)
        this.#leaving.log.error('dead letter', { ...failure, detail: failure.message });
      return deletes.length;
    }

    async #decide(
      batch: Batch,
      message: Message,
      payloads: PayloadBlob[],
      refused: unknown,
    ): Promise<readonly OutboxEntry[]> {
      const { log, traceparent } = this.#leaving;
      const route = routes.get(message.type);
      if (!route) throw new MeshError('UnknownMessage', `${contract.name} has no message ${message.type}`);
      const key = messageKey(message);
      const documents = await batch.read(route.reads(message));
      const timeoutMs = milliseconds(contract.limits.timeout);
      const decision = await withinTime(clock, { timeoutMs }, async (signal) => {
        const request: DecisionRequest = {
          ...{ message, documents, key, signal, log },
          read: (paths) => batch.read(paths),
          query: (asked) => store.query(asked),
          payloads: (checks) => blobs.read(checks),
        };
        if (refused !== undefined) return insteadOf(route, request, refused);
        return route.decide(request).catch((error) => {
          if (!isFault(error)) throw error;
          return insteadOf(route, request, error);
        });
      });
      payloads.push(...(decision.blobs ?? []));
      if (decision.renews) await blobs.renew(decision.renews);
      const now = clock.now();
      const context = { contract, deployment, message, key, now, traceparent, redact };
      const sends = toOutbox(decision, context);
      batch.add(decision);
      return sends;
    }

    /**
     * I1: the document, the sends and the end of the mails are one commit. That the document is still the one decided on is held even where
     * nothing of it changes: a mail may be for what another one has just written to it, and be without effect, or wrong, only before that.
     */
    async #commit(
      batch: Batch,
      id: string,
      outbox: readonly OutboxEntry[],
      deletes: readonly Write[],
    ): Promise<void> {
      const { path } = this.#leaving;
      const held = this.#held;
      const decided = batch.writes.some((write) => write.path === path);
      if (!held) {
        // Nothing on the document tells of these sends.
        await publishOutbox(outbox, ports);
        await store.commit([...batch.writes, ...deletes]);
        return;
      }
      const packed = packOutbox(outbox, path, inboxExpiry(clock.now()));
      const mark: DrainMark = { ...held.mark, batch: id, outbox: packed.value };
      const writes = batch.writes.map(
        (write): Write =>
          write.path === path && write.kind === 'put'
            ? { ...write, fields: withMark(write.fields, mark) }
            : write,
      );
      const own: Write[] = decided
        ? []
        : [{ kind: 'patch', path, fields: markFields(mark), ifVersion: held.document.version }];
      const versions = await store.commit([...writes, ...own, ...packed.writes, ...deletes]);
      const at = [...writes, ...own].findIndex((write) => write.path === path);
      const [document] = await batch.read([path]);
      const fields = withMark(document?.fields ?? held.document.fields, mark);
      this.#held = { document: { path, fields, version: versions[at] ?? '' }, mark };
      await this.#publish(id, outbox);
    }

    async #publish(batch: string, outbox: readonly OutboxEntry[]): Promise<void> {
      await publishOutbox(outbox, ports);
      this.#published = batch;
    }
  }

  return { draining: (path) => active.has(path) || starting.has(path), leave };
}
