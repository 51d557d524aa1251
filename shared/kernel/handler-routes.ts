import type { Contract, Mode } from '../contract/agent.ts';
import type { BaggageEntry } from '../contract/baggage.ts';
import { checkIn, type PayloadBlob } from '../contract/claim-check.ts';
import type { Clock } from '../contract/clock.ts';
import { DeadLetter } from '../contract/dead-letter.ts';
import { MeshError } from '../contract/errors.ts';
import { type Json, toJson } from '../contract/json.ts';
import type { Log } from '../contract/log.ts';
import { DEAD_LETTER, type Message } from '../contract/message.ts';
import { parseAs } from '../contract/parse.ts';
import { takenLimits } from '../contract/payload-limits.ts';
import { REPLY_BYTES } from '../contract/reply.ts';
import type { Schema } from '../contract/schema.ts';
import type { Secrets } from '../contract/secrets.ts';
import type { Store, Write } from '../contract/store.ts';
import { chunkWrites, withoutChunks } from './dead-letter-chunks.ts';
import { failureReply } from './failure-reply.ts';
import type { HandlerContext, Handlers } from './handler.ts';
import { createHandlerContext } from './handler-context.ts';
import { handlerProblems } from './handler-problems.ts';
import { type Interceptor, interceptHandler } from './interceptor.ts';
import { isAwaited } from './kept-reply.ts';
import { nextSlice, Proceed } from './proceed.ts';
import { createProviders, type Providers } from './providers/providers.ts';
import { withDetails } from './refusal.ts';
import type { Decision, Route, Send } from './route.ts';
import { StateDocuments, stateDocumentPath } from './state.ts';

export interface HandlerRoutesOptions {
  readonly contract: Contract;
  readonly handlers: Handlers;
  readonly clock: Clock;
  readonly secrets: Secrets;
  /** Where the contract's settings are read from. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where the state of the contract's providers is shared. Left out: each maker of routes has its own. */
  readonly store?: Store;
  readonly log?: Log;
  /** Around each handler, the first outermost. */
  readonly interceptors?: readonly Interceptor[];
}

interface Behaviour {
  readonly what: string;
  readonly mode: Mode;
  readonly input: Schema;
  readonly output?: Schema;
  /** How large an output may be that goes by claim check. */
  readonly claimCheckBytes?: number;
  /** Left out: the state of its entity, where it has one. */
  readonly keys?: (input: unknown) => readonly string[];
  /** The field of the input that holds the key of its entity. */
  readonly entity?: string;
  readonly handle: (input: unknown, ctx: HandlerContext<unknown>) => unknown;
  /** Of the details of a refusal, by its reason. */
  readonly errors?: Readonly<Record<string, Schema>>;
  /** What the handler is given in place of the whole input. */
  readonly given?: (input: unknown) => unknown;
  /** What follows from the input itself, beside what the handler does. */
  readonly also?: (input: unknown) => { readonly writes: readonly Write[]; readonly sends: readonly Send[] };
}

/**
 * A route for each command and each subscribed event of the contract, by full type.
 *
 * @throws MeshError `ContractInvalid` for a message without a handler, or a handler without a message
 */
export function handlerRoutes(options: HandlerRoutesOptions): ReadonlyMap<string, Route> {
  const { contract, handlers } = options;
  const [problem] = handlerProblems(contract, handlers);
  if (problem) throw problem;
  const surroundings = { ...options, providers: createProviders(options) };
  const routes = new Map<string, Route>();
  const add = (type: string, name: string, spec: Omit<Behaviour, 'keys' | 'handle' | 'what'>) => {
    routes.set(type, toRoute({ ...spec, what: type, ...handlerOf(handlers, name) }, surroundings));
  };
  for (const [name, command] of Object.entries(contract.commands)) {
    const { input, output, mode = 'commit', entity, errors } = command;
    const { claimCheckBytes } = takenLimits(contract, `${contract.name}.${name}`);
    const rest = {
      ...(output && { output }),
      ...(entity && { entity: entity.key }),
      ...(errors && { errors }),
      claimCheckBytes,
    };
    add(`${contract.name}.${name}`, name, { mode, input, ...rest });
  }
  for (const [type, { data, mode = 'commit' }] of Object.entries(contract.subscribes)) {
    add(type, type, { mode, input: data });
  }
  if (contract.recordsDeadLetters) {
    const also = (letter: unknown) => ({
      writes: chunkWrites(letter as DeadLetter, contract, options.clock.now()),
      sends: failureReply(letter as DeadLetter),
    });
    add(DEAD_LETTER, 'deadLetter', {
      mode: 'commit',
      input: DeadLetter,
      given: (letter) => withoutChunks(letter as DeadLetter),
      also,
    });
  }
  return routes;
}

function handlerOf(handlers: Handlers, name: string): Pick<Behaviour, 'keys' | 'handle'> {
  const handler = handlers[name];
  if (handler === undefined) throw new TypeError(`there is no handler ${name}`);
  if (typeof handler === 'function') return { handle: handler as Behaviour['handle'] };
  const { keys, handle } = handler;
  return { keys, handle } as Pick<Behaviour, 'keys' | 'handle'>;
}

function toRoute(
  behaviour: Behaviour,
  options: HandlerRoutesOptions & { readonly providers: Providers },
): Route {
  const { contract, interceptors = [] } = options;
  const { entity: field } = behaviour;
  const intercepted = interceptors.some(({ handle }) => handle !== undefined);
  const parsed = new WeakMap<
    Message,
    { input: unknown; entity: string | undefined; keys: readonly string[] }
  >();
  const parse = (message: Message) => {
    const known = parsed.get(message);
    if (known) return known;
    const input = parseAs(behaviour.input, message.data, 'SchemaMismatch', behaviour.what);
    const entity = field === undefined ? undefined : entityOf(input, field, behaviour.what);
    const keys = behaviour.keys?.(input) ?? (entity !== undefined && contract.state ? [entity] : []);
    const fresh = { input, entity, keys: [...new Set(keys)] };
    parsed.set(message, fresh);
    return fresh;
  };
  /** The output as it stands in the reply, which has the limit of any message. */
  const inReply = (output: Json, blobs: PayloadBlob[]): Json => {
    const { claimCheckBytes = 0 } = behaviour;
    const inlineBytes = contract.limits.inlineBytes - REPLY_BYTES;
    const { data, blob } = checkIn(
      output,
      { inlineBytes, claimCheckBytes },
      `the output of ${behaviour.what}`,
    );
    if (blob) blobs.push(blob);
    return data;
  };
  return {
    mode: behaviour.mode,
    ...(field !== undefined && { entity: (message) => parse(message).entity }),
    reads: (message) => parse(message).keys.map((key) => stateDocumentPath(contract, key)),
    async decide(request): Promise<Decision> {
      const { input, keys } = parse(request.message);
      const state = new StateDocuments(contract, keys, request.documents);
      const also = behaviour.also?.(input);
      const sends: Send[] = [...(also?.sends ?? [])];
      const blobs: PayloadBlob[] = [];
      const contextWith = (added: readonly BaggageEntry[] = []) =>
        createHandlerContext({ ...options, request, state, sends, blobs, added });
      const given = behaviour.given?.(input) ?? input;
      const handled = async () =>
        intercepted
          ? interceptHandler(
              interceptors,
              { type: request.message.type, input: given, ctx: contextWith() },
              (changed, added) => behaviour.handle(changed, contextWith(added)),
              contextWith,
            )
          : behaviour.handle(given, contextWith());
      const output = await handled().catch((error: unknown) => {
        if (error instanceof Proceed) return error;
        throw withDetails(error, behaviour.errors, behaviour.what, request.log);
      });
      const writes = [...state.writes(options.clock.now()), ...(also?.writes ?? [])];
      if (output instanceof Proceed) {
        const next = nextSlice(request.message, output, contract, blobs);
        return { writes, sends: [...sends, next], ...(blobs.length > 0 && { blobs }) };
      }
      const what = `the output of ${behaviour.what}`;
      const replied = behaviour.output ? toJson(output, 'OutputInvalid', what) : null;
      // As its receiver sees it, which knows nothing of what it was here.
      if (behaviour.output) parseAs(behaviour.output, replied, 'OutputInvalid', what);
      return {
        writes,
        sends,
        // Nobody is sent what nobody waits for.
        reply: { ok: true, output: isAwaited(request.message) ? inReply(replied, blobs) : null },
        ...(blobs.length > 0 && { blobs }),
      };
    },
  };
}

function entityOf(input: unknown, field: string, what: string): string {
  const key = (input as Readonly<Record<string, unknown>>)[field];
  if (typeof key === 'string' && key !== '') return key;
  throw new MeshError(
    'SchemaMismatch',
    `${what}: ${field}: the key of an entity is a string that is not empty`,
    {
      field,
    },
  );
}
