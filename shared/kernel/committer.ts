import type { Contract } from '../contract/agent.ts';
import type { Deployment } from '../contract/deployment.ts';
import type { Message } from '../contract/message.ts';
import { inboxPath } from '../contract/names.ts';
import type { Ports } from '../contract/ports.ts';
import type { StoredDocument, Write } from '../contract/store.ts';
import type { Blobs } from './blobs.ts';
import { encodeInbox, inboxExpiry, type OutboxEntry } from './inbox.ts';
import { keptReply } from './kept-reply.ts';
import { keepMarks } from './leaving.ts';
import { toOutbox } from './outbox.ts';
import { packOutbox } from './packed-outbox.ts';
import type { Decision } from './route.ts';

/** What is committed: the decision on a message, made on these documents. */
export interface Commit {
  readonly message: Message;
  /** K. */
  readonly key: string;
  readonly decision: Decision;
  readonly documents: readonly (StoredDocument | undefined)[];
  readonly traceparent: string;
  /** Of the inbox record that the commit replaces; undefined where there is none yet. */
  readonly version: string | undefined;
  /** The writes that end the turn of an entity. */
  endTurn(now: number): readonly Write[];
}

export interface Committed {
  /** To be published. */
  readonly outbox: readonly OutboxEntry[];
  readonly writes: readonly Write[];
  /** Of each write. */
  readonly versions: readonly string[];
}

/** Commits decisions, each with the record that its message was handled, in one request (I1). */
export class Committer {
  readonly #contract: Contract;
  readonly #deployment: Deployment;
  readonly #ports: Pick<Ports, 'store' | 'clock' | 'secrets'>;
  readonly #blobs: Blobs;

  constructor(
    contract: Contract,
    deployment: Deployment,
    ports: Pick<Ports, 'store' | 'clock' | 'secrets'>,
    blobs: Blobs,
  ) {
    this.#contract = contract;
    this.#deployment = deployment;
    this.#ports = ports;
    this.#blobs = blobs;
  }

  /** @throws MeshError those of `Store.commit`, and `PayloadTooLarge` for what no message carries */
  async commit({ message, key, decision, documents, traceparent, ...held }: Commit): Promise<Committed> {
    const { store, clock, secrets } = this.#ports;
    const contract = this.#contract;
    const redact = (text: string) => secrets.redact(text);
    const context = {
      contract,
      deployment: this.#deployment,
      message,
      key,
      now: clock.now(),
      traceparent,
      redact,
    };
    const outbox = toOutbox(decision, context);
    const path = inboxPath(contract.name, key);
    const packed = packOutbox(outbox, path, inboxExpiry(clock.now()));
    const kept = keptReply(message, decision);
    const done = { status: 'done', outbox: packed.value, kept: kept.fields } as const;
    const fields = encodeInbox(done, message, clock.now());
    // Before anything refers to them: a claim check that is committed or sent stands for what is there (I3, I6).
    if (kept.blobs.length > 0) await this.#blobs.write(kept.blobs);
    if (decision.renews) await this.#blobs.renew(decision.renews);
    const writes: readonly Write[] = [
      // Both forms fail when another handling of this message got here first: one effect, one record of it (I1, I2).
      held.version === undefined
        ? { kind: 'create', path, fields }
        : { kind: 'put', path, fields, ifVersion: held.version },
      ...packed.writes,
      ...keepMarks(decision.writes, documents),
      ...held.endTurn(clock.now()),
    ];
    return { outbox, writes, versions: await store.commit(writes) };
  }
}
