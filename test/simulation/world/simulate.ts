import { encodeMessage } from '../../../shared/contract/envelope.ts';
import { MeshError } from '../../../shared/contract/errors.ts';
import { toJson } from '../../../shared/contract/json.ts';
import {
  CANCEL,
  PAUSE,
  RESUME,
  SIGNAL,
  TERMINATE,
  type WireMessage,
} from '../../../shared/contract/message.ts';
import { topicOf } from '../../../shared/contract/names.ts';
import { computeTopology, type Topology } from '../../../shared/topology.ts';
import { observers } from '../invariants/index.ts';
import { recorderAgent } from '../workloads/recorder.ts';
import { Cloud } from './cloud.ts';
import { Coverage } from './coverage.ts';
import { Cron } from './cron.ts';
import { runIn } from './decoded.ts';
import { type FaultKind, type FaultLimits, Faults } from './faults.ts';
import type { Observer } from './observer.ts';
import { Operator } from './operator.ts';
import { Doors } from './outside.ts';
import { Process } from './process.ts';
import { Random } from './random.ts';
import { Scheduler } from './scheduler.ts';
import { Service, type ServiceHost } from './service.ts';
import type { Client, EndState, Steering, Workload } from './workload.ts';

export interface SimulationOptions extends FaultLimits {
  readonly workload: Workload;
  readonly seed: number;
  /** Keep what happened, line by line. */
  readonly traced?: boolean;
}

export interface Simulation {
  /** Of all that happened: the same for the same seed. */
  readonly digest: string;
  readonly events: number;
  readonly virtualMs: number;
  readonly faults: ReadonlyMap<FaultKind, number>;
  readonly states: ReadonlySet<string>;
  /** What must not be, in the order in which it was noticed. Empty: all is well. */
  readonly violations: readonly string[];
  readonly trace: readonly string[];
}

/** More than any workload takes: a world that has not come to rest by then never will. */
const MOST_EVENTS = 60_000;
const DAY_MS = 86_400_000;
/** Never to be seen in any document or line of a log (I12). */
const SECRETS = { 'provider-key': 'sk_live_never-to-be-seen-4711' } as const;

/** Plays a workload once, on a schedule and with faults that the seed decides, and watches. */
export async function simulate(options: SimulationOptions): Promise<Simulation> {
  const { workload, seed, traced = false } = options;
  const random = new Random(`${workload.name}/${seed}`);
  const scheduler = new Scheduler(random.stream('order'), traced);
  const faults = new Faults(random.stream('faults'), options);
  const play = workload.play(random.stream('workload'));
  const agents = [...play.agents, recorderAgent];
  const topology = computeTopology(
    agents.map(({ contract }) => contract),
    { project: 'demo' },
  );
  const violations: string[] = [];
  const violated = (what: string) => {
    scheduler.note(`VIOLATED ${what}`);
    violations.push(`${what} (at ${scheduler.elapsed} ms)`);
  };
  const coverage = new Coverage();
  const watching: Observer[] = [coverage];
  const services = new Map<string, Service>();
  const cloud = new Cloud({
    scheduler,
    faults,
    topology,
    random: random.stream('network'),
    push: (request) => {
      const service = services.get(new URL(request.url).hostname.replace(/\.sim$/, ''));
      return service ? service.push(request) : Promise.reject(new Error('no such function'));
    },
    committed: (changes) => {
      for (const { path, after } of changes)
        scheduler.note(`wrote ${path} ${after ? (after.fields.status ?? '') : 'gone'}`);
      for (const observer of watching) observer.committed?.(changes);
    },
    durable: (topic, message) => {
      for (const observer of watching) observer.durable?.(topic, message);
    },
  });
  let jumped = false;
  const host: ServiceHost = {
    scheduler,
    faults,
    cloud,
    random: random.stream('instances'),
    secrets: SECRETS,
    // A clock that jumped makes a lease end early: then two may be at it.
    doors: new Doors((what) => jumped || violated(what)),
    logged: (line) => {
      for (const observer of watching) observer.logged?.(line);
    },
    sent: (topic, messages) => {
      for (const observer of watching) observer.sent?.(topic, messages);
    },
    acked: (delivery, how, fn) => {
      for (const observer of watching) observer.acked?.(delivery, how, fn);
    },
    spent: (delivery, effort) => {
      for (const observer of watching) observer.spent?.(delivery, effort);
    },
    outcome: (agent, type, outcome) => {
      coverage.saw(`${agent} ${type} ${outcome?.kind ?? 'died'}`);
      // No workload's own code throws what is no error of the catalogue.
      if (outcome && 'failure' in outcome && outcome.failure.code === 'HandlerFailed')
        violated(`I4: ${agent} failed at a ${type}: ${outcome.failure.message}`);
    },
    jumped: () => {
      jumped = true;
    },
  };
  for (const agent of agents) {
    const fn = topology.functions.find(({ agent: name }) => name === agent.contract.name);
    if (fn) services.set(agent.contract.name, new Service(host, agent, fn));
  }
  const scene = {
    topology,
    documents: cloud.store.documents,
    now: () => scheduler.now(),
    get jumped() {
      return jumped;
    },
  };
  watching.push(...observers.map((make) => make(scene, violated)));
  const client = clientOf(host, services, topology);
  for (const { atMs, act } of play.acts) scheduler.after(atMs, () => act(client), 'act');
  const cron = new Cron(cloud, scheduler, topology);
  cron.sweepAtRandom(random.stream('sweeps'));
  const operator = new Operator(cloud, scheduler);
  let looksAt = scheduler.now() + DAY_MS;
  const rest = await scheduler.run(
    MOST_EVENTS,
    () => violations.length > 0,
    async () => {
      // A person looks once a day; whatever sweeps find by themselves is found by then.
      const comes = scheduler.now() >= looksAt;
      const swept = comes ? 0 : cron.sweep();
      if (swept > 0) return swept;
      looksAt = scheduler.now() + DAY_MS;
      return (await operator.tidy()) || cron.sweep();
    },
  );
  if (rest === 'restless') violated(`the world does not come to rest: ${MOST_EVENTS} events`);
  if (rest === 'settled') {
    for (const [name, { backlog, outstanding }] of cloud.broker.status()) {
      const kept = topology.subscriptions.some(
        (sub) => name.endsWith(`/${sub.name}`) && sub.pushTo === undefined,
      );
      if (!kept && backlog + outstanding > 0)
        violated(`I4: ${name} still holds ${backlog + outstanding} messages`);
    }
    if (cloud.tasks.pending() > 0) violated(`I4: ${cloud.tasks.pending()} timers never fired`);
    for (const observer of watching) observer.ended?.();
    for (const problem of play.audit(endOf(cloud, jumped))) violated(problem);
  }
  return {
    digest: `${(scheduler.digest >>> 0).toString(16)}/${scheduler.count}`,
    events: scheduler.count,
    virtualMs: scheduler.elapsed,
    faults: faults.counts,
    states: coverage.states,
    violations,
    trace: scheduler.trace ?? [],
  };
}

const STEERING: Readonly<Record<Steering, readonly [type: string, data: object]>> = {
  pause: [PAUSE, {}],
  'pause-all': [PAUSE, { compensation: true }],
  resume: [RESUME, {}],
  terminate: [TERMINATE, {}],
  drop: [TERMINATE, { compensate: false }],
};

function clientOf(host: ServiceHost, services: ReadonlyMap<string, Service>, topology: Topology): Client {
  const { cloud, scheduler } = host;
  let published = 0;
  let programs = 0;
  const publish = (agent: string, message: WireMessage) => {
    scheduler.note(`client sends ${message.attributes['ce-type']} to ${agent}`);
    cloud.publish(topicOf('mesh', agent), [message]);
  };
  const own = (type: string, data: unknown, runId: string) => {
    const id = `client-${++published}`;
    const time = new Date(scheduler.now()).toISOString();
    return encodeMessage({ id, source: '/client', type, time, correlationId: id, runId, data: toJson(data) });
  };
  return {
    now: () => scheduler.now(),
    command: (agent, type, data, attributes = {}) =>
      publish(agent, {
        data: Buffer.from(JSON.stringify(data)),
        attributes: {
          'ce-id': `client-${++published}`,
          'ce-source': '/client',
          'ce-type': `${agent}.${type}`,
          ...attributes,
        },
      }),
    raw: (agent, data, attributes) => publish(agent, { data: Buffer.from(data), attributes }),
    signal: (agent, runId, name, payload) => publish(agent, own(SIGNAL, { name, payload }, runId)),
    cancel: (agent, runId) => publish(agent, own(CANCEL, { reason: 'the client wants it' }, runId)),
    steer: (agent, runId, how) => publish(agent, own(...STEERING[how], runId)),
    strike: (agent, schedule) => {
      const job = topology.schedules.find((each) => each.agent === agent && each.schedule === schedule);
      if (!job) throw new TypeError(`${agent} has no schedule ${schedule}`);
      scheduler.note(`schedule ${schedule} of ${agent} strikes`);
      cloud.publish(job.topic, [{ data: Buffer.from(job.data), attributes: job.attributes }]);
    },
    run: (program) => {
      const begin = () => {
        const process = new Process(host, `program#${++programs}`);
        const again = () => scheduler.after(30_000, begin, 'a person tries again');
        process
          .live(() => program(process.ports).then(() => 'done'))
          .then(
            (end) => end ?? again(),
            (error) => {
              if (!(error instanceof MeshError) || !error.retry) throw error;
              again();
            },
          );
      };
      begin();
    },
    deploy: (agent, release) => {
      scheduler.note(`deploy release ${release} of ${agent}`);
      services.get(agent)?.deploy(release);
    },
  };
}

function endOf({ store: { documents } }: Cloud, jumped: boolean): EndState {
  const below = (collection: string) =>
    [...documents.values()].filter(
      ({ path }) => path.startsWith(`${collection}/`) && path.split('/').length === 2,
    );
  return {
    documents,
    jumped,
    runs: below('workflows').map(runIn),
    deadLetters: new Map(
      below('deadLetters').map(({ fields }) => [String(fields.message), String(fields.code)]),
    ),
  };
}
