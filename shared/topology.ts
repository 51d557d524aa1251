import {
  accountOf,
  type Contract,
  type Deployment,
  deadSubscriptionOf,
  deadTopicOf,
  digest,
  eventsSubscriptionOf,
  eventsTopic,
  MeshError,
  milliseconds,
  pushAccountOf,
  SWEEP,
  scheduleSourceOf,
  subscriptionOf,
  topicOf,
} from './contract/index.ts';
import { type CompositeIndex, indexesOf } from './topology-indexes.ts';

/**
 * The topology: every topic, subscription, function, secret and grant, computed from the contracts alone. The local cloud
 * applies it and the infrastructure program deploys it: they can't differ.
 */
export interface Topology {
  readonly project: string;
  readonly prefix: string;
  readonly topics: readonly Topic[];
  readonly subscriptions: readonly Subscription[];
  readonly functions: readonly AgentFunction[];
  readonly schedules: readonly Schedule[];
  readonly secrets: readonly string[];
  readonly queue: string;
  /** The collection groups of which documents are deleted when their `expireAt` has passed. */
  readonly expiring: readonly string[];
  /** What Firestore must index beyond single fields for the mesh's queries: it refuses a query that no index serves. */
  readonly indexes: readonly CompositeIndex[];
  readonly grants: readonly Grant[];
  /** Keys of Cloud KMS, where a contract has payloads encrypted. */
  readonly keys?: Keys;
}

/** What wraps the keys that payloads are encrypted with. */
export interface Keys {
  /** `projects/<p>/locations/<l>/keyRings/<prefix>`. */
  readonly ring: string;
  /** `mesh`: one key for all tenants, of that name. `tenant`: one for each, which is made when a tenant is. */
  readonly per: 'mesh' | 'tenant';
}

/** A job of Cloud Scheduler whose target is a topic. */
export interface Schedule {
  /** The job's full name, `projects/{project}/locations/{location}/jobs/{prefix}-{agent}-{schedule}`. */
  readonly name: string;
  readonly agent: string;
  /** The schedule's name in the agent's contract. */
  readonly schedule: string;
  readonly cron: string;
  readonly timeZone: string;
  readonly topic: string;
  /** Published as they stand each time: the receiver tells one tick from the next by when it was published. */
  readonly attributes: Readonly<Record<string, string>>;
  /** JSON. */
  readonly data: string;
}

export interface Topic {
  readonly name: string;
  readonly role: 'agent' | 'events' | 'dead-letter';
}

export interface Subscription {
  readonly name: string;
  readonly topic: string;
  readonly role: 'agent' | 'events' | 'dead-letter';
  /** The agent whose function the messages are pushed to; undefined for one that only keeps them, to be pulled. */
  readonly pushTo?: string;
  /** https://docs.cloud.google.com/pubsub/docs/filtering; at most 256 bytes. */
  readonly filter?: string;
  readonly ackDeadlineSeconds: number;
  readonly retry: { readonly minBackoffMs: number; readonly maxBackoffMs: number };
  readonly deadLetter?: { readonly topic: string; readonly maxAttempts: number };
  /** How long a message is kept that nobody takes. Left out: as long as any. */
  readonly retentionDays?: number;
}

export interface AgentFunction {
  readonly agent: string;
  /** Account ids: what the function runs as, and what Pub/Sub pushes to it as. No agent shares either with another. */
  readonly accounts: { readonly runtime: string; readonly push: string };
  readonly contract: Contract;
  readonly deployment: Deployment;
  readonly concurrency: number;
  readonly timeoutSeconds: number;
}

/** What one agent's account may do: nothing else. */
export type Grant =
  | { readonly agent: string; readonly may: 'publish'; readonly topic: string }
  | { readonly agent: string; readonly may: 'read-secret'; readonly secret: string }
  | { readonly agent: string; readonly may: 'use-database' }
  | { readonly agent: string; readonly may: 'use-keys'; readonly ring: string }
  | { readonly agent: string; readonly may: 'schedule'; readonly queue: string };

export interface Environment {
  readonly project: string;
  readonly prefix?: string;
  readonly location?: string;
  readonly database?: string;
  readonly timersAccount?: string;
  /** Which keys wrap those of tenants, where payloads are encrypted. Default `mesh`. */
  readonly keyPer?: Keys['per'];
}

/** Pub/Sub waits this long for a push to be answered, and no longer (docs.cloud.google.com/pubsub/docs/push). */
const LONGEST_ACK_DEADLINE_SECONDS = 600;
const LONGEST_FILTER_BYTES = 256;
/** No contract has a schedule of this name (schedule-rules.ts). */
const SWEEP_SCHEDULE = 'mesh-sweep';
/** Dead letters wait for their recorder, and what it can't take for people (docs.cloud.google.com/pubsub/docs/subscription-properties). */
const LONGEST_RETENTION_DAYS = 31;
/** Of the mesh's own documents with `expireAt`. */
const MESH_COLLECTIONS = [
  'answers',
  'blobs',
  'data',
  'entities',
  'entityQueues',
  'history',
  'inbox',
  'mailbox',
  'outbox',
  'parts',
  'schedules',
  'workflows',
];

/**
 * Computes the topology.
 *
 * @throws MeshError `ContractInvalid` for contracts that don't fit together: an agent called, or an event subscribed to, that
 * no contract has; two agents of one name; a filter over 256 bytes; no agent, or several, that record dead letters
 */
export function computeTopology(contracts: readonly Contract[], environment: Environment): Topology {
  const {
    project,
    prefix = 'mesh',
    location = 'us-central1',
    database = '(default)',
    timersAccount,
    keyPer: per = 'mesh',
  } = environment;
  checkTogether(contracts);
  const agents = [...contracts].sort((a, b) => (a.name < b.name ? -1 : 1));
  const recorder = agents.find((agent) => agent.recordsDeadLetters);
  const queue = `projects/${project}/locations/${location}/queues/${prefix}-timers`;
  const callersOf = (name: string) =>
    agents.filter((agent) => agent.calls.includes(name)).map((agent) => agent.name);
  const sealing = sealingAgents(agents);
  const ring = `projects/${project}/locations/${location}/keyRings/${prefix}`;
  const keysOf = (name: string) =>
    sealing.has(name) && { keyRing: ring, ...(per === 'tenant' && { keyPer: per }) };
  const pairsOf = ({ name }: Contract) => callersOf(name).map((caller) => `${name}:${caller}`);
  return {
    project,
    prefix,
    queue,
    topics: [
      { name: eventsTopic(prefix), role: 'events' },
      ...agents.flatMap(({ name }): Topic[] => [
        { name: topicOf(prefix, name), role: 'agent' },
        { name: deadTopicOf(prefix, name), role: 'dead-letter' },
      ]),
    ],
    subscriptions: agents.flatMap((agent) => subscriptionsOf(agent, prefix, recorder)),
    functions: agents.map((contract) => ({
      agent: contract.name,
      accounts: { runtime: accountOf(prefix, contract.name), push: pushAccountOf(prefix, contract.name) },
      contract,
      deployment: {
        project,
        prefix,
        agent: contract.name,
        callers: contract.recordsDeadLetters ? agents.flatMap(pairsOf) : callersOf(contract.name),
        queue,
        database,
        ...(timersAccount && { timersAccount }),
        ...keysOf(contract.name),
      },
      concurrency: contract.limits.concurrency,
      timeoutSeconds: Math.ceil(milliseconds(contract.limits.timeout) / 1_000),
    })),
    schedules: agents.flatMap((agent) => {
      const jobs = `projects/${project}/locations/${location}/jobs`;
      return [...schedulesOf(agent, prefix, jobs), ...sweepsOf(agent, prefix, jobs)];
    }),
    secrets: [...new Set(agents.flatMap((agent) => agent.secrets))].sort(),
    expiring: expiringOf(agents),
    indexes: indexesOf(agents, recorder),
    grants: [
      ...agents.flatMap((agent) => grantsOf(agent, agents, { prefix, queue })),
      ...[...sealing].sort().map((agent): Grant => ({ agent, may: 'use-keys', ring })),
    ],
    ...(sealing.size > 0 && { keys: { ring, per } }),
  };
}

function subscriptionsOf(agent: Contract, prefix: string, recorder: Contract | undefined): Subscription[] {
  const { name } = agent;
  const topic = topicOf(prefix, name);
  const filter = eventsFilter(agent);
  const pushed = pushedTo(agent, prefix);
  const events: Subscription[] = filter
    ? [
        {
          name: eventsSubscriptionOf(prefix, name, filter),
          topic: eventsTopic(prefix),
          role: 'events',
          filter,
          ...pushed,
        },
      ]
    : [];
  const dead: Subscription = {
    name: deadSubscriptionOf(prefix, name),
    topic: deadTopicOf(prefix, name),
    role: 'dead-letter',
    retentionDays: LONGEST_RETENTION_DAYS,
    // Whatever the recorder itself can't handle is kept, to be pulled: a dead letter must not chase its own tail.
    ...(recorder && recorder !== agent ? pushedTo(recorder, prefix) : delivery(agent)),
  };
  return [{ name: subscriptionOf(prefix, name), topic, role: 'agent', ...pushed }, ...events, dead];
}

function delivery({ retry, limits }: Contract) {
  const timeoutSeconds = Math.ceil(milliseconds(limits.timeout) / 1_000);
  return {
    // Longer than the handler may take, so that a message is not delivered again while it is still being handled.
    ackDeadlineSeconds: Math.min(LONGEST_ACK_DEADLINE_SECONDS, Math.max(10, timeoutSeconds + 10)),
    retry: { minBackoffMs: milliseconds(retry.minBackoff), maxBackoffMs: milliseconds(retry.maxBackoff) },
  };
}

function pushedTo(agent: Contract, prefix: string) {
  const deadLetter = { topic: deadTopicOf(prefix, agent.name), maxAttempts: agent.retry.maxAttempts };
  return { ...delivery(agent), pushTo: agent.name, deadLetter };
}

function schedulesOf({ name: agent, schedules }: Contract, prefix: string, jobs: string): Schedule[] {
  return Object.entries(schedules).map(
    ([schedule, { cron, timeZone = 'Etc/UTC', message, input = null }]) => ({
      name: `${jobs}/${prefix}-${agent}-${schedule}`,
      agent,
      schedule,
      cron,
      timeZone,
      topic: topicOf(prefix, agent),
      attributes: {
        'ce-specversion': '1.0',
        'ce-type': `${agent}.${message}`,
        'ce-source': scheduleSourceOf(agent),
        'content-type': 'application/json',
        schedule,
      },
      data: JSON.stringify(input),
    }),
  );
}

/** Once an hour an agent that hosts workflows looks for runs that lost something, each at a minute of its own. */
function sweepsOf({ name: agent, workflows }: Contract, prefix: string, jobs: string): Schedule[] {
  if (Object.keys(workflows).length === 0) return [];
  const minute = Number.parseInt(digest('sweep', agent).slice(0, 4), 32) % 60;
  return [
    {
      name: `${jobs}/${prefix}-${agent}-${SWEEP_SCHEDULE}`,
      agent,
      schedule: SWEEP_SCHEDULE,
      cron: `${minute} * * * *`,
      timeZone: 'Etc/UTC',
      topic: topicOf(prefix, agent),
      attributes: {
        'ce-specversion': '1.0',
        'ce-type': SWEEP,
        'ce-source': scheduleSourceOf(agent),
        'content-type': 'application/json',
        schedule: SWEEP_SCHEDULE,
      },
      data: 'null',
    },
  ];
}

/** State is kept for ever unless its contract says otherwise; what the mesh writes for itself never is. */
function expiringOf(agents: readonly Contract[]): string[] {
  const states = agents.flatMap(({ state }) =>
    state?.keep === undefined ? [] : [state.collection ?? 'state'],
  );
  return [...new Set([...MESH_COLLECTIONS, ...states])].sort();
}

/** The filter for the events that the contract names; undefined where it names none. */
function eventsFilter(agent: Contract): string | undefined {
  const types = Object.keys(agent.subscribes).sort();
  if (types.length === 0) return undefined;
  const filter = types.map((type) => `attributes.ce-type="${type}"`).join(' OR ');
  if (Buffer.byteLength(filter) > LONGEST_FILTER_BYTES) {
    throw new MeshError(
      'ContractInvalid',
      `agent ${JSON.stringify(agent.name)}: subscribes makes a filter of ${Buffer.byteLength(filter)} bytes; Pub/Sub takes ${LONGEST_FILTER_BYTES}`,
      { field: 'subscribes', hint: 'Subscribe to fewer events, or give the events shorter names.' },
    );
  }
  return filter;
}

function grantsOf(
  agent: Contract,
  all: readonly Contract[],
  names: { prefix: string; queue: string },
): Grant[] {
  const { name } = agent;
  const publish = (topic: string): Grant => ({ agent: name, may: 'publish', topic });
  const callers = all.filter((other) => other.calls.includes(name)).map((other) => other.name);
  const waiting = all.filter((other) => Object.keys(other.workflows).length > 0).map((other) => other.name);
  // Who is called may reply to its callers, nowhere else; the recorder of dead letters tells whoever may be waiting.
  // An agent publishes to its own topic when it defers a message, and to its own dead-letter topic.
  const partners = new Set([name, ...agent.calls, ...callers, ...(agent.recordsDeadLetters ? waiting : [])]);
  return [
    ...[...partners].sort().map((partner) => publish(topicOf(names.prefix, partner))),
    publish(deadTopicOf(names.prefix, name)),
    ...(Object.keys(agent.publishes).length > 0 ? [publish(eventsTopic(names.prefix))] : []),
    { agent: name, may: 'use-database' },
    { agent: name, may: 'schedule', queue: names.queue },
    ...agent.secrets.map((secret): Grant => ({ agent: name, may: 'read-secret', secret })),
  ];
}

/**
 * The agents that meet encrypted payloads: those whose contracts say so, and whoever they may come to from there, by commands, replies and
 * events. What follows from an encrypted message is encrypted.
 */
function sealingAgents(agents: readonly Contract[]): ReadonlySet<string> {
  const meets = (one: Contract, other: Contract) =>
    one.calls.includes(other.name) ||
    other.calls.includes(one.name) ||
    Object.keys(one.publishes).some((event) => `${one.name}.${event}` in other.subscribes);
  const found = new Set<string>();
  const open = agents.filter(({ encryption }) => encryption !== undefined);
  for (let agent = open.pop(); agent; agent = open.pop()) {
    const member = agent;
    if (found.has(member.name)) continue;
    found.add(member.name);
    open.push(...agents.filter((other) => meets(member, other)));
  }
  return found;
}

function checkTogether(contracts: readonly Contract[]): void {
  const names = new Set<string>();
  const events = new Set(
    contracts.flatMap(({ name, publishes }) => Object.keys(publishes).map((event) => `${name}.${event}`)),
  );
  for (const { name } of contracts) {
    if (names.has(name)) fail(name, 'name', 'is the name of two agents');
    names.add(name);
  }
  for (const { name, calls, subscribes } of contracts) {
    for (const [at, called] of calls.entries()) {
      if (!names.has(called))
        fail(name, `calls.${at}`, `names ${JSON.stringify(called)}, which no agent is called`);
    }
    for (const type of Object.keys(subscribes)) {
      if (!events.has(type)) fail(name, `subscribes.${type}`, 'names an event that no agent publishes');
    }
  }
  const recorders = contracts.filter((contract) => contract.recordsDeadLetters);
  if (recorders.length > 1)
    fail(recorders[1]?.name ?? '', 'recordsDeadLetters', 'is set by more than one agent');
}

function fail(agent: string, field: string, message: string): never {
  throw new MeshError('ContractInvalid', `agent ${JSON.stringify(agent)}: ${field} ${message}`, { field });
}
