import type { AgentSpec, Contract, Log, MeshError } from '../../shared/contract/index.ts';
import { baggageView, silentLog } from '../../shared/contract/index.ts';
import type { HandlerContext, Handlers, StatefulHandler } from '../../shared/kernel/handler.ts';
import { createProviders, type Providers } from '../../shared/kernel/providers/providers.ts';
import type { ManualClock } from '../../shared/testing/manual-clock.ts';

export interface DeskOptions {
  readonly agent: { readonly contract: Contract; readonly spec: AgentSpec };
  readonly handlers: Handlers;
  readonly clock: ManualClock;
  readonly secrets?: Readonly<Record<string, string>>;
  readonly settings?: Readonly<Record<string, string>>;
  readonly log?: Log;
}

export interface SendDetails {
  /** Milliseconds from now. */
  readonly deadlineMs?: number;
  /** Milliseconds ago that the message was sent. */
  readonly sentAgoMs?: number;
}

const MOST_CONFLICTS = 8;

/**
 * Hands messages to an agent's handlers as the kernel does: input and output by the contract, state read first and committed under
 * the version that was read, begun again after a conflict, nothing committed when the handler throws.
 */
export class Desk {
  /** The state documents, by key. */
  readonly state = new Map<string, object>();
  readonly events: { readonly type: string; readonly data: unknown }[] = [];
  readonly #options: DeskOptions;
  readonly #providers: Providers;
  #sent = 0;

  constructor(options: DeskOptions) {
    this.#options = options;
    this.#providers = createProviders({ contract: options.agent.contract, clock: options.clock });
  }

  /** Handles one delivery of a message, and returns its output; rejects with the error of the handler. */
  async send(name: string, input: unknown, details: SendDetails = {}): Promise<Record<string, unknown>> {
    const { agent, handlers } = this.#options;
    const { contract } = agent;
    const schema = contract.commands[name]?.input ?? contract.subscribes[name]?.data;
    const parsed = (schema ? schema.parse(input) : input) as never;
    const handler = handlers[name] as
      | StatefulHandler<never, unknown, never>
      | StatefulHandler<never, unknown, never>['handle'];
    const { keys, handle } = typeof handler === 'function' ? { keys: () => [], handle: handler } : handler;
    const id = String(++this.#sent);
    for (let conflicts = 0; conflicts < MOST_CONFLICTS; conflicts++) {
      const read = new Map(keys(parsed).map((key) => [key, this.state.get(key)]));
      const left = new Map<string, object | undefined>();
      const events: { readonly type: string; readonly data: unknown }[] = [];
      const output = await handle(parsed, this.#context(name, id, details, read, left, events) as never);
      contract.commands[name]?.output?.parse(output);
      // Written documents are never changed, only replaced: the same object is the same version.
      if ([...left.keys()].some((key) => this.state.get(key) !== read.get(key))) continue;
      for (const [key, value] of left) {
        if (value === undefined) this.state.delete(key);
        else this.state.set(key, value);
      }
      this.events.push(...events);
      return (output ?? {}) as Record<string, unknown>;
    }
    throw new Error(`${name} conflicts for ever`);
  }

  /** The error of a message that is not to succeed. */
  async fail(name: string, input: unknown, details: SendDetails = {}): Promise<MeshError> {
    const output = await this.send(name, input, details).catch((error: MeshError) => error);
    if (output instanceof Error) return output;
    throw new Error(`${name} succeeded: ${JSON.stringify(output)}`);
  }

  #context(
    name: string,
    id: string,
    { deadlineMs, sentAgoMs = 0 }: SendDetails,
    read: ReadonlyMap<string, object | undefined>,
    left: Map<string, object | undefined>,
    events: { readonly type: string; readonly data: unknown }[],
  ): HandlerContext<object> {
    const { agent, clock, secrets = {}, settings = {}, log = silentLog } = this.#options;
    const declared = (key: string) => {
      if (!read.has(key)) throw new Error(`the key ${key} is not among those that keys() returned`);
    };
    const { signal } = new AbortController();
    return {
      message: {
        id,
        source: '/test',
        type: `${agent.contract.name}.${name}`,
        time: new Date(clock.now() - sentAgoMs).toISOString(),
        correlationId: id,
      },
      idempotencyKey: `key-${id}`,
      cursor: undefined,
      proceed: (cursor) => {
        throw new Error(`the desk does not go on from ${JSON.stringify(cursor)}`);
      },
      lastHeartbeat: undefined,
      heartbeat: () => {},
      state: {
        get: (key) => {
          declared(key);
          return left.has(key) ? left.get(key) : read.get(key);
        },
        set: (key, value) => {
          declared(key);
          left.set(key, agent.contract.state?.schema.parse(value) as object);
        },
        delete: (key) => {
          declared(key);
          left.set(key, undefined);
        },
      },
      ...(deadlineMs !== undefined && { deadline: new Date(clock.now() + deadlineMs) }),
      signal,
      log,
      baggage: baggageView(),
      now: () => new Date(clock.now()),
      send: () => {
        throw new Error('no agent here sends commands');
      },
      signalRun: () => {
        throw new Error('no agent here signals runs');
      },
      schedule: () => {
        throw new Error('no agent here schedules runs');
      },
      publish: (event, data) => {
        if (!(event.name in agent.contract.publishes)) throw new Error(`${event.type} is not declared`);
        events.push({ type: event.type, data: event.data.parse(data) });
      },
      secret: async (secret) => {
        const value = agent.contract.secrets.includes(secret) ? secrets[secret] : undefined;
        if (value === undefined) throw new Error(`no secret ${secret}`);
        return value;
      },
      setting: (setting) => {
        if (!agent.contract.settings.includes(setting)) throw new Error(`no setting ${setting}`);
        return settings[setting];
      },
      provider: (provider) => this.#providers.access(provider, { key: `key-${id}`, signal }),
    };
  }
}
