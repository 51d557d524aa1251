import type { HttpFunction } from '@google-cloud/functions-framework';
import type { Contract } from '../contract/agent.ts';
import { type Deployment, readDeployment } from '../contract/deployment.ts';
import { MeshError } from '../contract/errors.ts';
import { toFailure } from '../contract/failure.ts';
import { CANARY } from '../contract/message.ts';
import type { Ports } from '../contract/ports.ts';
import { canaryRoute } from '../kernel/canary.ts';
import { handlerRoutes } from '../kernel/handler-routes.ts';
import { createKernel, type Kernel } from '../kernel/kernel.ts';
import type { Route } from '../kernel/route.ts';
import { EnvelopeCodec } from '../kernel/sealing/envelope-codec.ts';
import type { TurnWatch } from '../workflow/turn-watch.ts';
import { agentProblems, noteServed } from './agent-problems.ts';
import { type Answer, answerTo, errorAnswer } from './answer.ts';
import { readDelivery } from './delivery.ts';
import type { ServeOptions } from './serve-options.ts';
import { Shutdown } from './shutdown.ts';
import { StrayErrors, withoutDomains } from './stray-errors.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** What a test puts in place of the process. */
export interface ServeEnvironment {
  readonly env?: Env;
  readonly createPorts?: (deployment: Deployment, env: Env) => Ports | Promise<Ports>;
  /** Where an error goes that came before there was a log. */
  readonly report?: (line: string) => void;
  readonly exit?: () => void;
}

/**
 * The HTTP function of an agent, for the functions framework's `http`. It answers a push by the kernel's outcome (204: acked; 500 or
 * 503: delivered again), `GET /healthz` with 200, and what is no push with 400. The first message loads the Google clients, and reads
 * where the function runs from the environment (`contract/deployment.ts`): while that is wrong everything is answered with 500, and
 * nothing acked. So it is while the handlers or workflows do not fit the contract, which is reported at once.
 *
 * @example
 * http('payments', serveAgent({ agent: payments, handlers }));
 */
export function serveAgent(options: ServeOptions, environment: ServeEnvironment = {}): HttpFunction {
  const {
    env = process.env,
    createPorts,
    report = (line) => process.stderr.write(`${line}\n`),
    exit = () => process.exit(0),
  } = environment;
  const machine: Machine = createPorts ? { createPorts } : google;
  const shutdown = new Shutdown(exit);
  const strays = new StrayErrors();
  withoutDomains();
  noteServed(options);
  const [problem, ...others] = agentProblems(options);
  for (const each of problem ? [problem, ...others] : [])
    report(failureLine(options.agent.contract.name, each));
  let starting: Promise<Kernel> | undefined;

  /** Once; but what failed by chance, and not by its configuration, is tried again with the next message. */
  async function kernel(): Promise<Kernel> {
    if (problem) throw problem;
    starting ??= start(options, env, machine).catch((error) => {
      report(failureLine(options.agent.contract.name, error));
      if (!isConfiguration(error)) starting = undefined;
      throw error;
    });
    return starting;
  }

  async function answer(request: Parameters<HttpFunction>[0]): Promise<Answer> {
    if (request.method === 'GET' && request.path === '/healthz')
      return { status: 200, body: { status: 'ok' } };
    if (request.method !== 'POST')
      return errorAnswer(405, { code: 'UsageInvalid', message: 'only POST is taken here' });
    if (shutdown.stopping)
      return errorAnswer(503, { code: 'Stopping', message: 'this instance is being stopped' });
    const body = request.rawBody ?? new Uint8Array();
    let delivery: ReturnType<typeof readDelivery>;
    try {
      delivery = readDelivery({ headers: request.headers, body });
    } catch (error) {
      return errorAnswer(400, toFailure(error));
    }
    let ready: Kernel;
    try {
      ready = await kernel();
    } catch (error) {
      return errorAnswer(500, toFailure(error));
    }
    return answerTo(await ready.handle(delivery));
  }

  return async (request, response) => {
    shutdown.arm();
    strays.arm();
    const end = shutdown.begin();
    response.once('close', end);
    let result: Answer;
    const tell = (error: unknown) => report(failureLine(options.agent.contract.name, error));
    try {
      result = await strays.watch(() => answer(request), tell);
    } catch (error) {
      tell(error);
      result = errorAnswer(500, toFailure(error));
    }
    response.status(result.status);
    if (result.body === undefined) response.end();
    else response.json(result.body);
  };
}

/** What a function has around it. */
interface Machine {
  readonly createPorts: (deployment: Deployment, env: Env) => Ports | Promise<Ports>;
  readonly watchTurns?: (deployment: Deployment, env: Env) => Promise<TurnWatch | undefined>;
}

const google: Machine = {
  createPorts: async (deployment, env) => (await import('../gcp/index.ts')).createPorts(deployment, { env }),
  async watchTurns(deployment, env) {
    // Whoever debugs stops the code for as long as they like.
    if (/--inspect/.test(`${process.execArgv.join(' ')} ${env.NODE_OPTIONS}`)) return undefined;
    const [{ TurnWatchdog }, { restDocuments }] = await Promise.all([
      import('./turn-watchdog.ts'),
      import('../gcp/index.ts'),
    ]);
    const documents = restDocuments(deployment, env);
    const turnMs = turnSeconds(env) * 1_000;
    return new TurnWatchdog({ documents, agent: deployment.agent, build: env.K_REVISION, turnMs });
  },
};

/** How long workflow code may compute between two rests. */
const TURN_SECONDS = 10;

function turnSeconds(env: Env): number {
  const given = Number(env.MESH_TURN_SECONDS || TURN_SECONDS);
  if (given >= 1 && given <= 540) return given;
  const field = 'MESH_TURN_SECONDS';
  throw new MeshError('ConfigurationInvalid', `${field} is not a number from 1 to 540`, { field });
}

async function start(
  { agent: { contract }, handlers, workflows = [], interceptors = [] }: ServeOptions,
  env: Env,
  { createPorts, watchTurns }: Machine,
): Promise<Kernel> {
  const deployment = readDeployment(env);
  if (deployment.agent !== contract.name) {
    throw new MeshError(
      'ConfigurationInvalid',
      `MESH_AGENT is ${JSON.stringify(deployment.agent)}, but this is the function of ${JSON.stringify(contract.name)}`,
      { field: 'MESH_AGENT' },
    );
  }
  const ports = withCodec(contract, await createPorts(deployment, env));
  const { clock, ids, secrets, store, log } = ports;
  const routes = new Map<string, Route>(
    handlerRoutes({ contract, handlers, clock, secrets, env, store, log, interceptors }),
  );
  routes.set(CANARY, canaryRoute(contract));
  if (workflows.length > 0 || Object.keys(contract.workflows).length > 0) {
    // The engine is loaded only where it is needed.
    const { workflowRoutes } = await import('../workflow/index.ts');
    // https://docs.cloud.google.com/run/docs/container-contract#services-env-vars
    const build = env.K_REVISION;
    const watch = await watchTurns?.(deployment, env);
    const hosted = workflowRoutes({
      contract,
      definitions: workflows,
      clock,
      ids,
      watch,
      build,
      interceptors,
    });
    for (const [type, route] of hosted) routes.set(type, route);
  }
  return createKernel({ contract, deployment, ports, routes });
}

/** @throws MeshError `ConfigurationInvalid` where a contract has payloads encrypted, and there are no keys */
function withCodec(contract: Contract, ports: Ports): Ports {
  const { keys, codec, store, clock } = ports;
  if (keys && !codec) return { ...ports, codec: new EnvelopeCodec({ keys, store, clock }) };
  if (codec || !contract.encryption) return ports;
  throw new MeshError(
    'ConfigurationInvalid',
    `the contract of ${contract.name} has payloads encrypted, and MESH_KEY_RING is not set`,
    { field: 'MESH_KEY_RING' },
  );
}

/** Wrong until somebody deploys anew. */
function isConfiguration(error: unknown): boolean {
  return (
    error instanceof MeshError &&
    ['ConfigurationInvalid', 'ContractInvalid', 'DefinitionInvalid'].includes(error.code)
  );
}

/** One line that Cloud Logging takes for an error. */
function failureLine(agent: string, error: unknown): string {
  const { code, message, field } = toFailure(error);
  const hint = error instanceof MeshError ? ` ${error.hint}` : '';
  return JSON.stringify({
    severity: 'ERROR',
    message: `${agent} can't handle messages: ${message}.${hint}`,
    metadata: { agent, code, ...(field !== undefined && { field }) },
  });
}
