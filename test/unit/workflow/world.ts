import type { Contract } from '../../../shared/contract/agent.ts';
import { MeshError } from '../../../shared/contract/errors.ts';
import { type Failure, toFailure } from '../../../shared/contract/failure.ts';
import { type Json, messageJson, toJson } from '../../../shared/contract/json.ts';
import { derivedId, messageKey, runIdOf } from '../../../shared/contract/keys.ts';
import type { Log, LogFields } from '../../../shared/contract/log.ts';
import { CANCEL, type Message, REPLY, SIGNAL } from '../../../shared/contract/message.ts';
import { runPath } from '../../../shared/contract/names.ts';
import type { Reply } from '../../../shared/contract/reply.ts';
import type { Query, StoredDocument, Write } from '../../../shared/contract/store.ts';
import type { Decision, Route, Send } from '../../../shared/kernel/route.ts';
import { MemoryStore } from '../../../shared/testing/memory-store.ts';
import {
  decodeRun,
  type Entry,
  entriesOf,
  pagePaths,
  type RunRecord,
  type WorkflowDefinition,
  workflowRoutes,
} from '../../../shared/workflow/index.ts';
import type { RunLimits } from '../../../shared/workflow/run-limits.ts';

/** What an agent answers; undefined: nothing, ever. */
export type Answer = Reply | undefined;
export type Behaviour = (input: never, command: Message) => Answer;

export const done = (output: unknown = null): Answer => ({ ok: true, output: toJson(output) });
export const fails = (code: Failure['code'], reason?: string): Answer => ({
  ok: false,
  error: { code, message: `${code} it is`, ...(reason && { reason }) },
});

/** Which fault to do next, or none: a number below `options`, 0 for what would happen without faults. */
export type Chooser = (options: number) => number;
const faultless: Chooser = () => 0;

interface Posted {
  readonly to: string;
  readonly message: Message;
  readonly at: number;
  readonly duplicate?: boolean;
}

/** So many deliveries are subject to faults; and a world that has not settled by so many steps never will. */
const FAULTY_DELIVERIES = 400;
const MOST_STEPS = 100_000;

/** A mesh in memory: one hosting agent with its real routes, others by their behaviour, and a network that does what it is told. */
export class World {
  now = Date.parse('2026-01-01T00:00:00.000Z');
  readonly documents = new Map<string, StoredDocument>();
  readonly deadLetters: { message: Message; failure: Failure; agent: string }[] = [];
  readonly events: Message[] = [];
  /** Replies to agents that are no part of this world. */
  readonly replies: { to: string; message: Message }[] = [];
  /** Commands that the agents handled, once each, in order. */
  readonly handled: Message[] = [];
  readonly logged: { level: string; message: string; fields: LogFields }[] = [];
  readonly behaviours: Record<string, Behaviour>;
  readonly contract: Contract;
  commits = 0;
  /** Reads of more documents in the middle of a decision. */
  reads = 0;
  /** Whether instances last: else each message comes to a fresh one, which has nothing in memory. */
  warm = true;
  #definitions: readonly WorkflowDefinition[] = [];
  #limits: Partial<RunLimits> = {};
  /** The name of the build that is deployed. */
  build = 'build-1';
  /** Which delivery of their messages the routes are told that this is. */
  attempt = 1;
  #routes: ReadonlyMap<string, Route> = new Map();
  #inbox = new Map<string, readonly Posted[]>();
  #answers = new Map<string, Posted | undefined>();
  #posted: Posted[] = [];
  #ids = 0;
  #deliveries = 0;
  #versions = 0;
  choose: Chooser = faultless;

  constructor(
    contract: Contract,
    definitions: readonly WorkflowDefinition[],
    behaviours: Record<string, Behaviour>,
  ) {
    this.contract = contract;
    this.behaviours = behaviours;
    this.deploy(definitions);
  }

  limit(limits: Partial<RunLimits>): void {
    this.#limits = limits;
    this.deploy(this.#definitions);
  }

  deploy(definitions: readonly WorkflowDefinition[]): void {
    this.#definitions = definitions;
    const clock = { now: () => this.now, after: () => () => {} };
    const ids = { uuid: () => `uuid-${this.#ids++}` };
    this.#routes = workflowRoutes({
      contract: this.contract,
      definitions,
      clock,
      ids,
      limits: this.#limits,
      build: this.build,
    });
  }

  /** Posts a message to the hosting agent. */
  post(message: Partial<Message> & Pick<Message, 'type'>): Message {
    const id = message.id ?? `message-${this.#ids++}`;
    const whole = {
      id,
      source: '/test',
      time: new Date(this.now).toISOString(),
      correlationId: id,
      data: null,
      ...message,
    };
    this.#posted.push({ to: this.contract.name, message: whole, at: this.now });
    return whole;
  }

  start(workflow: string, data: Json, envelope: Partial<Message> = {}): Message {
    return this.post({ type: `${this.contract.name}.${workflow}`, data, ...envelope });
  }

  signal(runId: string, name: string, payload?: Json): void {
    this.post({ type: SIGNAL, runId, data: { name, ...(payload !== undefined && { payload }) } });
  }

  cancel(runId: string, reason?: string): void {
    this.post({ type: CANCEL, runId, data: reason === undefined ? {} : { reason } });
  }

  reply(runId: string, stepId: string, reply: Reply): void {
    this.post({ type: REPLY, runId, stepId, data: toJson(reply) });
  }

  /** Sends a dead letter again, as it is. */
  redrive(position: number): void {
    const [letter] = this.deadLetters.splice(position, 1);
    if (letter) this.#posted.push({ to: letter.agent, message: letter.message, at: this.now });
  }

  run(workflow: string, key: string): RunRecord {
    const document = this.documents.get(runPath(runIdOf(workflow, key)));
    if (!document) throw new Error(`no run of ${workflow} ${key}`);
    return decodeRun(document);
  }

  history(workflow: string, key: string): Entry[] {
    const run = this.run(workflow, key);
    return entriesOf(
      run,
      pagePaths(run).map((path) => this.documents.get(path)),
    );
  }

  /** Types of the commands handled, in order. */
  get commands(): string[] {
    return this.handled.map(({ type }) => type);
  }

  /** Loses what is on its way, or armed, of this kind. How much that was. */
  lose(what: (message: Message) => boolean): number {
    const before = this.#posted.length;
    this.#posted = this.#posted.filter(({ message }) => !what(message));
    return before - this.#posted.length;
  }

  /** Delivers all that is due, moving time on to the next timer when nothing is, until nothing is left or `until` holds. */
  async settle(until: () => boolean = () => false): Promise<void> {
    for (let steps = 0; this.#posted.length > 0 && !until(); steps++) {
      if (steps > MOST_STEPS) throw new Error('the world does not come to rest');
      if (!(await this.deliverNext())) this.now = Math.min(...this.#posted.map(({ at }) => at));
    }
  }

  /** Moves time on to `at`. What falls due on the way is delivered at its own instant. */
  async advanceTo(at: number): Promise<void> {
    for (;;) {
      const next = Math.min(...this.#posted.map((posted) => posted.at));
      if (next > at) break;
      this.now = Math.max(this.now, next);
      await this.deliver();
    }
    this.now = at;
  }

  /** Delivers what is due now; time stands still. */
  async deliver(): Promise<void> {
    while (await this.deliverNext());
  }

  async deliverNext(): Promise<boolean> {
    const due = this.#posted.filter(({ at }) => at <= this.now);
    const next = due[this.choose(due.length)];
    if (!next) return false;
    this.#posted.splice(this.#posted.indexOf(next), 1);
    this.#deliveries += 1;
    if (!next.duplicate && this.#strikes(6)) this.#posted.push({ ...next, duplicate: true });
    if (next.to === this.contract.name) await this.#handle(next);
    else this.#command(next);
    return true;
  }

  /**
   * A message that comes twice sends its outbox twice, and so does each message of that: a long chain in which every link may come
   * twice grows without end. So a world is bad for its first deliveries, and calm after them.
   */
  get #faultsAreOver(): boolean {
    return this.#deliveries > FAULTY_DELIVERIES;
  }

  #strikes(oneIn: number): boolean {
    return !this.#faultsAreOver && this.choose(oneIn) === 1;
  }

  async #handle(posted: Posted): Promise<void> {
    const { message } = posted;
    const key = messageKey(message);
    const known = this.#inbox.get(key);
    if (known) {
      this.#posted.push(...known);
      return;
    }
    try {
      if (!this.warm) this.deploy(this.#definitions);
      const route = this.#routes.get(message.type);
      if (!route) throw new MeshError('UnknownMessage', `no route for ${message.type}`);
      for (let tries = 0; ; tries++) {
        const documents = route.reads(message).map((path) => structuredClone(this.documents.get(path)));
        const signal = new AbortController().signal;
        const read = async (paths: readonly string[]) => {
          this.reads += 1;
          return paths.map((path) => structuredClone(this.documents.get(path)));
        };
        const payloads = async () => new Map<string, Uint8Array>();
        const query = (asked: Query) =>
          Object.assign(new MemoryStore(), { documents: this.documents }).query(asked);
        const log = this.#log({});
        const { attempt } = this;
        const asked = { message, documents, key, signal, log, read, query, payloads, attempt };
        const decision = await route.decide(asked);
        // Another instance gets there first.
        if (tries === 0 && this.#strikes(5)) await this.deliverNext();
        if (this.#strikes(8)) return void this.#posted.push(posted);
        if (decision.record === false) return;
        if (this.#inbox.has(key)) return void this.#posted.push(posted);
        const versions = this.#commit(decision.writes);
        if (versions) {
          decision.committed?.();
          return this.#publish(posted, key, decision);
        }
      }
    } catch (error) {
      if (error instanceof MeshError && error.retryAfterMs !== undefined) {
        this.#posted.push({ ...posted, at: this.now + error.retryAfterMs });
      } else if (error instanceof MeshError && !error.retry) {
        this.deadLetters.push({ message, failure: toFailure(error), agent: this.contract.name });
      } else if (error instanceof MeshError) this.#posted.push({ ...posted, at: this.now + 1_000 });
      else throw error;
    }
  }

  #publish(posted: Posted, key: string, decision: Decision): void {
    const { message } = posted;
    const outbox = decision.sends.map((send, position) => this.#envelope(send, message, key, position));
    if (decision.reply && message.replyTo) {
      const { replyTo, runId, stepId } = message;
      const data = messageJson(decision.reply);
      const reply = { to: { agent: replyTo }, type: REPLY, data, idFrom: `reply:${key}` };
      const told = { ...(runId && { runId }), ...(stepId && { stepId }) };
      outbox.push(this.#envelope({ ...reply, ...told }, message, key, outbox.length));
    }
    this.#inbox.set(key, outbox);
    const fault = this.#faultsAreOver ? 0 : this.choose(8);
    if (fault === 1) this.#posted.push(posted);
    else if (fault === 2) this.#posted.push(...outbox.slice(0, outbox.length / 2), posted);
    else this.#posted.push(...outbox);
  }

  #envelope(send: Send, cause: Message, key: string, position: number): Posted {
    const id = send.idFrom === undefined ? derivedId(key, position) : derivedId('named', send.idFrom);
    const { type, data, runId, stepId, replyTo, deadline } = send;
    const message = {
      ...{
        id,
        source: `/agents/${this.contract.name}`,
        type,
        time: '',
        correlationId: cause.correlationId,
        data,
      },
      ...(runId && { runId }),
      ...(stepId && { stepId }),
      ...(replyTo && { replyTo }),
      ...(deadline && { deadline }),
      ...(send.scheduleId && { scheduleId: send.scheduleId }),
      ...(send.at && { notBefore: send.at.toISOString() }),
      ...(send.idempotencyKey && { idempotencyKey: send.idempotencyKey }),
    };
    const at = send.at?.getTime() ?? this.now;
    if (send.to === 'events') return { to: 'events', message, at };
    if ('agent' in send.to) return { to: send.to.agent, message, at };
    const failure = JSON.stringify({ agent: send.to.deadLetterFor, failure: send.to.failure });
    return { to: 'dead-letters', message: { ...message, subject: failure }, at };
  }

  /** All or nothing: the versions written, or undefined. */
  #commit(writes: readonly Write[]): string[] | undefined {
    for (const write of writes) {
      const version = this.documents.get(write.path)?.version;
      if (write.kind === 'create' && version !== undefined) return undefined;
      if (write.kind === 'patch' && version === undefined) return undefined;
      if ('ifVersion' in write && write.ifVersion !== undefined && write.ifVersion !== version)
        return undefined;
    }
    this.commits += 1;
    return writes.map((write) => {
      const { kind, path } = write;
      const version = `v${this.#versions++}`;
      if (kind === 'delete') {
        this.documents.delete(path);
        return version;
      }
      const kept = kind === 'patch' ? this.documents.get(path)?.fields : {};
      this.documents.set(path, { path, fields: { ...kept, ...structuredClone(write.fields) }, version });
      return version;
    });
  }

  /** Another agent: handles a message once, and answers again what it answered. */
  #command({ to, message }: Posted): void {
    const key = `${to} ${message.id}`;
    if (!this.#answers.has(key)) this.#answers.set(key, this.#answer(to, message));
    const answer = this.#answers.get(key);
    if (answer) this.#posted.push({ ...answer, at: Math.max(this.now, answer.at) });
  }

  #answer(to: string, message: Message): Posted | undefined {
    if (to === 'events') return void this.events.push(message);
    if (to === 'dead-letters') {
      return void this.deadLetters.push({ message, ...JSON.parse(message.subject ?? '') });
    }
    if (message.type === REPLY) return void this.replies.push({ to, message });
    this.handled.push(message);
    const answer = this.behaviours[message.type]?.(message.data as never, message);
    if (!answer || !message.replyTo) return undefined;
    const { runId, stepId, replyTo, correlationId } = message;
    const reply = {
      ...{ id: `reply-${message.id}`, source: `/agents/${to}`, type: REPLY, time: '', correlationId },
      data: toJson(answer),
      ...(runId && { runId }),
      ...(stepId && { stepId }),
    };
    if (!answer.ok && !hasRejected(answer.error)) this.#forget(to, message, answer.error);
    return { to: replyTo, message: reply, at: this.now };
  }

  /** Given up on: among the dead letters, and handled anew when it is redriven. Its next reply is a message of its own. */
  #forget(agent: string, message: Message, failure: Failure): void {
    const again = { ...message, id: `${message.id}-redriven` };
    this.deadLetters.push({ message: again, failure, agent });
  }

  #log(fields: LogFields): Log {
    const at =
      (level: string) =>
      (message: string, more: LogFields = {}) =>
        void this.logged.push({ level, message, fields: { ...fields, ...more } });
    return {
      debug: at('debug'),
      info: at('info'),
      warn: at('warn'),
      error: at('error'),
      child: (more) => this.#log({ ...fields, ...more }),
    };
  }
}

const hasRejected = ({ code }: Failure) => code === 'Rejected';

/** Faults by a seed: the same world, the same faults. */
export function seeded(seed: number): Chooser {
  let state = seed >>> 0;
  return (options) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % Math.max(1, options);
  };
}
