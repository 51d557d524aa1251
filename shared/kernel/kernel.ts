import type { Contract } from '../contract/agent.ts';
import { isClaimCheck } from '../contract/claim-check.ts';
import { sleep } from '../contract/clock.ts';
import type { Deployment } from '../contract/deployment.ts';
import { milliseconds } from '../contract/duration.ts';
import { hasCode, MeshError } from '../contract/errors.ts';
import { messageKey } from '../contract/keys.ts';
import type { Log } from '../contract/log.ts';
import type { Delivery, Envelope, Message } from '../contract/message.ts';
import { inboxPath, topicOf } from '../contract/names.ts';
import type { Ports } from '../contract/ports.ts';
import type { StoredDocument, Write } from '../contract/store.ts';
import { childSpan, formatTraceparent, parseTraceparent } from '../contract/trace.ts';
import { admit } from './admission.ts';
import { Ahead, isHeldTo } from './ahead.ts';
import { Blobs } from './blobs.ts';
import { type Claim, Claims } from './claim.ts';
import { Committer } from './committer.ts';
import { backoff, isConflict, MOST_CONFLICTS } from './conflict.ts';
import { checkDeadline, isOverdue } from './deadline.ts';
import {
  attemptOf,
  checkAttempts,
  type DeferReason,
  deferral,
  isWaitedFor,
  publishedAt,
} from './deferral.ts';
import { createDrainer } from './drainer.ts';
import { EntityTurn } from './entity-turn.ts';
import { givingUp } from './giving-up.ts';
import { Heartbeat } from './heartbeat.ts';
import { decodeInbox, type Handled, type OutboxEntry } from './inbox.ts';
import { insteadOf, isFault } from './instead.ts';
import { isAwaited } from './kept-reply.ts';
import { type Lane, Lanes } from './lanes.ts';
import { isBetterLeft } from './leaving.ts';
import { lightDelivery } from './light-delivery.ts';
import { opened } from './opened.ts';
import { publishOutbox } from './outbox.ts';
import type { Outcome } from './outcome.ts';
import { unpackOutbox } from './packed-outbox.ts';
import { report } from './report.ts';
import type { Decision, DecisionRequest, Route } from './route.ts';
import { sealedKernel } from './sealing/sealed-handling.ts';
import { wasCutOff, withinTime } from './within-time.ts';

export interface KernelOptions {
  readonly contract: Contract;
  readonly deployment: Deployment;
  readonly ports: Ports;
  readonly routes: ReadonlyMap<string, Route>;
}

export interface Kernel {
  /** Handles one delivery to its end. Never rejects: what fails is an outcome. */
  handle(delivery: Delivery): Promise<Outcome>;
}

/** A message that meets a provider in an outage is not given up on for so long, however often it was the probe. */
const OUTAGE_MS = 3_600_000;
/** When a message comes back that others of its entity always overtook. */
const CROWDED_MS = 1_000;

/**
 * The kernel: decode → dedupe → handle → commit → publish, and the outcome.
 *
 * It owns the order of these steps, on which the invariants rest: nothing is acked before what it caused is durable (I3), the effect and
 * the record of it are one commit (I1), and whoever comes second finds the record (I2). It does not own what is decided: that is a route's.
 */
export function createKernel(options: KernelOptions): Kernel {
  if (options.ports.codec) return sealedKernel(options, options.ports.codec, createKernel);
  const { contract, deployment, ports } = options;
  const { store, timers, clock } = ports;
  const timeoutMs = milliseconds(contract.limits.timeout);
  const claims = new Claims(ports, timeoutMs);
  const blobs = new Blobs(store, clock);
  const drainer = createDrainer({ ...options, blobs });
  const committer = new Committer(contract, deployment, ports, blobs);
  const lanes = new Lanes();
  const ahead = new Ahead(store);
  const { failureOf, giveUpOrRetry } = givingUp(options);

  const sources: Pick<DecisionRequest, 'read' | 'query' | 'payloads'> = {
    read: (paths) => store.read(paths),
    query: (asked) => store.query(asked),
    payloads: (checks) => blobs.read(checks),
  };

  async function handle(delivery: Delivery): Promise<Outcome> {
    const span = childSpan(
      parseTraceparent(delivery.attributes.traceparent ?? delivery.attributes.googclient_traceparent),
    );
    const log = ports.log.child({
      traceId: span.traceId,
      spanId: span.spanId,
      traceSampled: span.sampled,
      messageId: delivery.messageId,
      ...(delivery.deliveryAttempt !== undefined && { deliveryAttempt: delivery.deliveryAttempt }),
    });
    const started = clock.now();
    const outcome = await attempt(delivery, formatTraceparent(span), log).catch((error) =>
      giveUpOrRetry(delivery, error, log),
    );
    report(log, outcome, clock.now() - started);
    return outcome;
  }

  async function attempt(delivery: Delivery, traceparent: string, log: Log): Promise<Outcome> {
    // By the clock that a timer went by, where this instance's is behind it.
    const admission = admit(delivery, Math.max(clock.now(), publishedAt(delivery)), options);
    switch (admission.kind) {
      case 'ignore':
        return { kind: 'ack', ignored: true };
      case 'early':
        return defer(delivery, admission.envelope, admission.until, 'not-before');
      case 'handle': {
        const { message, route } = admission;
        const detailed = log.child({
          type: message.type,
          correlationId: message.correlationId,
          ...(message.runId && { runId: message.runId }),
        });
        return settle({ delivery, message, route, traceparent, log: detailed }).catch((error) =>
          putOff(delivery, message, error, detailed),
        );
      }
    }
  }

  interface Work {
    readonly delivery: Delivery;
    readonly message: Message;
    readonly route: Route;
    readonly traceparent: string;
    readonly log: Log;
  }

  function settle(work: Work): Promise<Outcome> {
    const { message, route } = work;
    return route.keepsClaimChecks || !isClaimCheck(message.data) ? settleInTurn(work) : settleOpened(work);
  }

  /** With the payload that the claim check stands for. What was handled before it was lost is not given up on for that. */
  async function settleOpened(work: Work): Promise<Outcome> {
    let message: Message;
    try {
      message = await opened(work.message, contract, blobs);
    } catch (error) {
      const path = inboxPath(contract.name, messageKey(work.message));
      const [record] = await store.read([path]);
      const handled = record && decodeInbox(record);
      if (handled?.status === 'done') return again(handled, path);
      throw error;
    }
    return settleInTurn({ ...work, message });
  }

  function settleInTurn(work: Work): Promise<Outcome> {
    const path = work.route.document?.(work.message);
    return path === undefined ? settleIn(work) : lanes.take(path, (place) => settleIn(work, place));
  }

  /** The message was handled: what that sent is sent once more, and nothing else is done (I2). */
  async function again(known: Handled, path: string): Promise<Outcome> {
    await publishOutbox(await unpackOutbox(known.outbox, path, store), ports);
    return { kind: 'ack', duplicate: true };
  }

  /** One message, exactly one effect (DESIGN §5). */
  async function settleIn(work: Work, place?: Lane): Promise<Outcome> {
    const { delivery, message, route } = work;
    /** Where the message may be left. */
    const lane = route.mailbox?.documentOf(message) === undefined ? undefined : place;
    const key = messageKey(message);
    const inbox = inboxPath(contract.name, key);
    const reads = route.reads(message);
    const entity = route.entity?.(message);
    const paths = entity === undefined ? undefined : EntityTurn.paths(contract.name, entity);
    if (lane && drainer.draining(lane.path)) return drained(work, lane);
    const early = await goAhead(work, key, reads, lane, place);
    if (early) return early;
    const owner = ports.ids.uuid();
    /** By which this handling holds the message, in `effect` mode. */
    let claim: Claim | undefined;
    for (let conflicts = 0; ; conflicts++) {
      const [record, ...documents] = await store.read([inbox, ...reads, ...(paths ?? [])]);
      const known = record && decodeInbox(record);
      const turn = paths && new EntityTurn(paths, key, documents.splice(reads.length));
      if (known?.status === 'done') return again(known, inbox);
      claim =
        record && known?.owner === owner
          ? { version: record.version, until: known.leaseUntil, lease: turn?.heldBy(owner) }
          : undefined;
      // In `commit` mode only who drains a mailbox leaves a record that is not done.
      if (known && lane) return drained(work, lane);
      if (known && claim === undefined) {
        if (known.leaseUntil.getTime() > clock.now())
          return defer(delivery, message, known.leaseUntil, 'lease');
        checkAttempts(delivery, contract);
      }
      checkDeadline(message, clock.now());
      const document = lane && documents[reads.indexOf(lane.path)];
      if (lane && isBetterLeft(route, document, conflicts, lane.crowded(), message))
        return drained(work, lane);
      const last = known?.progress;
      let pulse: Heartbeat | undefined;
      try {
        const until = turn?.waitUntil(clock.now(), owner);
        if (turn && until) return await queueUp(work, turn, until);
        if (route.mode === 'effect' && (!claim || claims.timeLeft(claim) < timeoutMs / 2))
          claim = await claims.take({ path: inbox, message, turn }, record, owner, last);
        if (claim) pulse = new Heartbeat({ ports, path: inbox, message, owner, claim, last, log: work.log });
        const held = {
          pulse,
          // That of the claim once the handler has ended.
          get version() {
            return pulse?.claim.version ?? record?.version;
          },
          timeLeft: claim ? claims.timeLeft(claim) : timeoutMs,
          endTurn: (now: number) =>
            (claim?.lease === undefined ? turn?.pass(now) : turn?.end(now, claim.lease)) ?? [],
        };
        return (await decideAndCommit(work, key, documents, held, { place })) ?? { kind: 'ack' };
      } catch (error) {
        const conflict = isConflict(error);
        if (conflicts >= MOST_CONFLICTS || !conflict) {
          const held = pulse?.claim ?? claim;
          if (!wasCutOff(error))
            await claims.release({ path: inbox, message, turn }, held, work.log, pulse?.written ?? last);
          // Others of its entity are always faster: that is no fault of the message's.
          if (conflict && turn) return defer(delivery, message, new Date(clock.now() + CROWDED_MS), 'entity');
          throw error;
        }
        await sleep(clock, backoff(conflicts, key));
      }
    }
  }

  /** The first delivery of a message, without a read where it needs none. Undefined: it is to be looked up after all. */
  async function goAhead(
    work: Work,
    key: string,
    reads: readonly string[],
    lane: Lane | undefined,
    place: Lane | undefined,
  ): Promise<Outcome | undefined> {
    const { delivery, message, route } = work;
    const plain = route.mode === 'commit' && route.entity?.(message) === undefined;
    if (!plain || attemptOf(delivery) > 1 || isOverdue(message, clock.now())) return undefined;
    const held = { version: undefined, timeLeft: timeoutMs, endTurn: () => [] };
    return ahead.take(reads, inboxPath(contract.name, key), (documents) => {
      const document = lane && documents[reads.indexOf(lane.path)];
      if (lane && isBetterLeft(route, document, 0, lane.crowded(), work.message)) return drained(work, lane);
      return decideAndCommit(work, key, documents, held, { place, unread: true });
    });
  }

  async function drained(
    { delivery, message, traceparent, log }: Work,
    { path, pass }: Lane,
  ): Promise<Outcome> {
    const draining = drainer.leave({ message, path, traceparent, log });
    ahead.documents.forget(path);
    // From now on the next goes the same way.
    pass();
    const result = await draining;
    return result === 'seen-to' ? { kind: 'ack' } : defer(delivery, message, result.again, 'lease');
  }

  async function decideAndCommit(
    work: Work,
    key: string,
    documents: (StoredDocument | undefined)[],
    held: {
      readonly version: string | undefined;
      readonly pulse?: Heartbeat | undefined;
      readonly timeLeft: number;
      readonly endTurn: (now: number) => readonly Write[];
    },
    { place, unread = false }: { readonly place: Lane | undefined; readonly unread?: boolean },
  ): Promise<Outcome | undefined> {
    const { delivery, message, route, log, traceparent } = work;
    /** Undefined: it is without effect, or was made on what may be old. */
    const commit = async (decision: Decision): Promise<readonly OutboxEntry[] | undefined> => {
      if (decision.record === false || (unread && !isHeldTo(decision, documents))) return undefined;
      const { outbox, writes, versions } = await committer.commit({
        ...{ message, key, decision, documents, traceparent, ...held },
      });
      if (place) ahead.documents.keep(place.path, writes, versions);
      decision.committed?.();
      log.debug('committed', { writes: decision.writes.length, sends: outbox.length, mode: route.mode });
      return outbox;
    };
    const instead = (error: unknown) => {
      const { signal } = new AbortController();
      const request = { ...sources, message, documents, key, signal, log, attempt: attemptOf(delivery) };
      return insteadOf(route, request, error);
    };
    const decision = await decide(work, key, documents, held).catch((error) => {
      if (!isFault(error)) throw error;
      return instead(error);
    });
    const outbox = await commit(decision).catch(async (error) => commit(await instead(error)));
    if (!outbox) return undefined;
    await publishOutbox(outbox, ports);
    return { kind: 'ack' };
  }

  /** The route's decision; a refusal for a business reason is one too, when somebody waits to be told. */
  async function decide(
    { delivery, message, route, log }: Work,
    key: string,
    documents: (StoredDocument | undefined)[],
    { timeLeft, pulse }: { readonly timeLeft: number; readonly pulse?: Heartbeat | undefined },
  ): Promise<Decision> {
    const deadline = message.deadline === undefined ? undefined : Date.parse(message.deadline);
    const attempt = attemptOf(delivery);
    const controller = new AbortController();
    pulse?.start(controller);
    try {
      return await withinTime(
        clock,
        { timeoutMs: timeLeft, ...(deadline !== undefined && { deadline }) },
        (signal) =>
          route.decide({ ...sources, message, documents, key, signal, log, attempt, heartbeat: pulse }),
        controller,
      );
    } catch (error) {
      if (pulse?.gone && !wasCutOff(error)) {
        log.info('ended, as nobody waits for it', { detail: pulse.gone.message, error });
        return { writes: [], sends: [], reply: { ok: false, error: failureOf(pulse.gone) } };
      }
      if (!hasCode(error, 'Rejected') || !isAwaited(message)) throw error;
      log.info('rejected', { reason: error.reason, detail: error.message });
      return { writes: [], sends: [], reply: { ok: false, error: failureOf(error) } };
    } finally {
      await pulse?.stop();
    }
  }

  /** Waits for the entity's other messages: takes a place among them, and comes back to look. */
  async function queueUp({ delivery, message }: Work, turn: EntityTurn, until: Date): Promise<Outcome> {
    const place = turn.wait(clock.now(), until);
    if (place) await store.commit([place]);
    return defer(delivery, message, until, 'entity');
  }

  /**
   * Publishes the delivery to this agent's own topic again, later, then lets it be acked (I3). What this instance is to wait for may be past
   * by the clock of the service: then its own is behind, and the wait is counted from when the message was published. A timer for the past
   * would bring it back at once, over and over.
   */
  async function defer(
    delivery: Delivery,
    envelope: Envelope,
    wanted: Date,
    why: DeferReason,
  ): Promise<Outcome> {
    const topic = topicOf(deployment.prefix, contract.name);
    const published = publishedAt(delivery);
    const waitMs = wanted.getTime() - clock.now();
    const until = wanted.getTime() > published ? wanted : new Date(published + waitMs);
    const light = await lightDelivery(delivery, envelope, until, contract, blobs);
    const now = Math.max(clock.now(), published);
    await timers.schedule({ topic, ...deferral(light, envelope, until, why, now) });
    return { kind: 'defer', until, why };
  }

  /** An error that says when to come back defers the message until then; every other one is thrown on, and the last attempt's. */
  async function putOff(delivery: Delivery, message: Message, error: unknown, log: Log): Promise<Outcome> {
    if (!(error instanceof MeshError) || error.retryAfterMs === undefined) throw error;
    const until = clock.now() + error.retryAfterMs;
    if (message.deadline !== undefined && until >= Date.parse(message.deadline)) {
      throw new MeshError('DeadlineExceeded', `there is no trying again in time: ${error.message}`, {
        field: 'deadline',
        cause: error,
      });
    }
    // A provider that is left alone says nothing of the message; one that failed at it may do so for ever (I4), but an outage may last.
    const failed = !isWaitedFor(error) && clock.now() - Date.parse(message.time) > OUTAGE_MS;
    if (failed && attemptOf(delivery) >= contract.retry.maxAttempts) throw error;
    log.info('deferred', { code: error.code, detail: error.message, retryAfterMs: error.retryAfterMs });
    return defer(delivery, message, new Date(until), failed ? 'failed' : 'provider');
  }

  return { handle };
}
