import { getCompileCacheDir } from 'node:module';
import { join, relative, resolve } from 'node:path';
import type { ServerDataOptions } from '../../emulator/data/server-data.ts';
import { badDay, ordinaryDay } from '../../emulator/local-faults.ts';
import { hasCode, MeshError } from '../../shared/contract/errors.ts';
import { refuseInvalidAgents } from '../agent-check/check-agents.ts';
import type { UpOptions } from '../commands/up.ts';
import { serverDataOf } from '../emulator/server-data.ts';
import type { Io } from '../io.ts';
import { EXIT } from '../output/exit-code.ts';
import { paletteFor } from '../output/palette.ts';
import { type Format, Printer } from '../output/printer.ts';
import { Progress } from '../output/progress.ts';
import { lengthText } from '../output/time.ts';
import { CHECKOUT, projectDirectory } from '../place.ts';
import { AgentLogs } from './agent-logs.ts';
import { denialText, type Enforcement, enforce } from './enforcement.ts';
import { type LocalBundle, type LocalMesh, startLocalMesh } from './local-mesh.ts';
import { readLocalSecrets } from './local-secrets.ts';
import { keepRunPort, keptRunPort } from './run-port.ts';
import { localMeshOf, removeState, writeState } from './state-file.ts';
import { Stop } from './stop.ts';

/**
 * Runs a mesh on this machine until it is stopped, or its sample is done. Returns the exit code.
 *
 * @throws MeshError `PortInUse`, `SecretMissing`, `ConfigurationInvalid`, `Timeout` (the sample); `AgentsInvalid` with all that is wrong with
 * the code of the agents
 */
export async function up(options: UpOptions, format: Format, io: Io): Promise<number> {
  const place = projectDirectory(io.cwd);
  refuseSecond(place);
  const data = serverDataOf(options, io.cwd);
  if (options.sample) refuseKept(data);
  const progress = new Progress(io);
  const { yellow, red } = paletteFor(io.stderr, io.env);
  const logs = new AgentLogs(join(place, '.mesh', 'logs'), ({ agent, severity, message }) =>
    progress.note(`${severity === 'ERROR' ? red(agent) : yellow(agent)} ${message}`),
  );
  const stop = new Stop();
  // A sample is meant to go wrong in places: only what nobody planned is shown.
  if (options.sample) logs.least = options.chaos ? undefined : 'ERROR';
  const agents = options.agents === undefined ? join(CHECKOUT, 'agents') : resolve(io.cwd, options.agents);
  let mesh: LocalMesh | undefined;
  try {
    const bundles = options.bundles ? await currentBundles(agents, progress) : undefined;
    const enforcement = await enforcementOf(options, agents, progress, (text) => progress.note(red(text)));
    // Beside the start, which it would delay: what is wrong is told before the mesh is ready.
    const checked = refuseInvalidAgents(agents);
    checked.catch(() => {});
    mesh = await startLocalMesh({
      project: options.project,
      prefix: options.prefix,
      agents,
      ports: portsOf(options, data.dataDir),
      ...data,
      seed: options.seed,
      faults: options.chaos ? badDay(options.seed) : options.sample ? ordinaryDay : {},
      secrets: readLocalSecrets(place),
      env: io.env,
      compileCache: getCompileCacheDir() ?? '',
      onLine: (line) => logs.write(line),
      ...(bundles !== undefined && { bundles }),
      ...(enforcement && { access: enforcement.access }),
    }).catch(async (error: unknown) => {
      // The check has every problem, where the start has the first.
      if (hasCode(error, 'ContractInvalid')) await checked;
      throw error;
    });
    await checked;
    if (data.dataDir !== undefined) keepRunPort(data.dataDir, mesh.run.port);
    const state = stateOf(mesh, logs.directory, agents);
    writeState(place, state);
    const readyMs = Math.round(performance.now());
    progress.note(readyText(mesh, readyMs, io));
    if (!options.sample) {
      if (format !== 'table') new Printer(io, format).item({ readyMs, ...state }, () => '');
      else progress.note(nextText(relative(io.cwd, logs.directory), mesh));
      await stop.requested;
      return 0;
    }
    const { runSample } = await import('./sample.ts');
    const request = { mesh, options, format, io, progress, readyMs, stop };
    const balanced = await runSample({ ...request, ...(enforcement && { enforcement }) });
    if (options.exit) return balanced ? 0 : EXIT.generic;
    logs.least = 'WARNING';
    progress.note(nextText(relative(io.cwd, logs.directory), mesh));
    await stop.requested;
    return balanced ? 0 : EXIT.generic;
  } finally {
    progress.done();
    removeState(place, process.pid);
    try {
      await mesh?.close();
    } finally {
      await logs.close();
      stop.release();
    }
  }
}

/** What the mesh is held to; undefined where it is held to nothing. `note` is told of each denial. */
async function enforcementOf(
  { enforceIam, project, prefix }: UpOptions,
  agents: string,
  progress: Progress,
  note: (text: string) => void,
): Promise<Enforcement | undefined> {
  if (enforceIam === undefined) return undefined;
  const stack = enforceIam === true ? 'dev' : enforceIam;
  progress.update(`asking the stack ${stack} for its grants`);
  const { stackGrants } = await import('./stack-grants.ts');
  const grants = await stackGrants({ stack, agents, project, prefix });
  progress.done();
  progress.note(`held to the ${grants.length} grants of the stack ${stack}`);
  return enforce(grants, (denial) => note(`denied: ${denialText(denial)}`));
}

/** The books of a sample are those of its own orders, and the providers' sandboxes begin empty each time. */
function refuseKept({ dataDir, importFrom }: ServerDataOptions): void {
  if (dataDir === undefined && importFrom === undefined) return;
  throw new MeshError(
    'ConfigurationInvalid',
    'a sample begins with nothing, and the data of before would be there',
    {
      field: dataDir === undefined ? '--import' : '--data-dir',
      hint: 'Leave it out, or leave --sample out.',
    },
  );
}

/** The agents' bundles, after those that are missing or out of date were built. */
async function currentBundles(agents: string, progress: Progress): Promise<Record<string, LocalBundle>> {
  const { buildBundles, bundlesOf } = await import('../../build/build.ts');
  const out = bundlesOf(CHECKOUT, agents);
  const options = { root: CHECKOUT, agents, out, ifNeeded: true };
  const { built, manifest } = await buildBundles({ ...options, onProgress: (text) => progress.update(text) });
  progress.done();
  if (built.length > 0) progress.note(`built the bundles of ${built.join(', ')}: missing or out of date`);
  return Object.fromEntries(
    Object.entries(manifest.agents).map(([agent, { path, entry, command }]) => [
      agent,
      { source: join(out, path, entry), command },
    ]),
  );
}

function refuseSecond(place: string): void {
  const other = localMeshOf(place);
  if (!other || other.pid === process.pid) return;
  throw new MeshError('ConfigurationInvalid', `a mesh is running here already (process ${other.pid})`, {
    hint: 'Use it, or stop it first with Ctrl-C where it runs.',
  });
}

function portsOf(options: UpOptions, dataDir: string | undefined) {
  return {
    pubsub: options.portPubsub,
    firestore: options.portFirestore,
    tasks: options.portTasks,
    secrets: options.portSecrets,
    scheduler: options.portScheduler,
    kms: options.portKms,
    run: options.portRun || (dataDir === undefined ? 0 : keptRunPort(dataDir)),
    stripe: options.portStripe,
    twilio: options.portTwilio,
    calendar: options.portCalendar,
    shipping: options.portShipping,
  };
}

function stateOf(mesh: LocalMesh, logs: string, agents: string) {
  const { project, prefix } = mesh.topology;
  const { addresses, env } = mesh;
  return {
    pid: process.pid,
    startedAt: new Date().toISOString(),
    project,
    prefix,
    env,
    addresses,
    logs,
    agents,
  };
}

function readyText({ topology, addresses }: LocalMesh, readyMs: number, io: Io): string {
  const { bold, green, dim } = paletteFor(io.stderr, io.env);
  const { project, prefix, functions, topics } = topology;
  const places = Object.entries(addresses).map(([name, address]) => `${name} ${address}`);
  return [
    `${green('ready')} in ${lengthText(readyMs)}: ${functions.length} agents, ${topics.length} topics, project ${bold(project)}, prefix ${bold(prefix)}`,
    ...wrap(places, 100).map((line) => dim(`  ${line}`)),
  ].join('\n');
}

function wrap(parts: readonly string[], width: number): string[] {
  const lines: string[] = [];
  for (const part of parts) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + part.length + 2 <= width)
      lines[lines.length - 1] = `${last}  ${part}`;
    else lines.push(part);
  }
  return lines;
}

function nextText(logs: string, { topology }: LocalMesh): string {
  const agents = topology.functions.map(({ agent }) => agent);
  const sample = agents.includes('inventory');
  const commands = [
    'agents list',
    'runs list',
    'dead-letters list',
    ...(sample ? [`publish inventory restock '{"lines":[{"sku":"MUG-01","quantity":50}]}'`] : []),
    'diagnose',
  ];
  return `
The mesh is running; Ctrl-C stops it. In another terminal:
${commands.map((command) => `  npm run --silent mesh -- ${command}`).join('\n')}
  tail -f ${logs}/${sample ? 'orders' : agents[0]}.log`;
}
