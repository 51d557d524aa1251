import { isBuiltin } from 'node:module';
import { cyclesIn } from './cycles.ts';
import { type Graph, type Module, targetOf } from './graph.ts';
import type { ImportSite } from './imports.ts';
import { finders, type Room, roomOf } from './rooms.ts';

/** The longest that an agent's entry may be. */
const ENTRY_LINES = 15;

/** Every breach of the walls in `graph`, a line for each: where, and what is wrong with it. None is the aim. */
export function breachesIn(graph: Graph): string[] {
  return [
    ...[...graph.values()].flatMap((module) => breachesOf(module, graph)),
    ...cyclesIn(graph).map((cycle) => `${cycle[0]}: is in an import cycle: ${cycle.join(', ')}`),
  ];
}

/** The packages that deployed code loads, at once or late, in alphabetical order. */
export function deployedImports(graph: Graph): string[] {
  const sites = [...graph.values()].flatMap(({ path, imports }) =>
    /^(agents|shared)\//.test(path) && !path.startsWith('shared/testing/')
      ? imports.filter(
          ({ kind, specifier = './' }) => kind !== 'type' && targetOf(path, specifier) === undefined,
        )
      : [],
  );
  const packages = sites.flatMap(({ specifier = '' }) =>
    isBuiltin(specifier) ? [] : [packageOf(specifier)],
  );
  return [...new Set(packages)].sort();
}

function breachesOf(module: Module, graph: Graph): string[] {
  const room = roomOf(module.path);
  if (room === undefined) return [`${module.path}: belongs to no room of test/architecture/rooms.ts`];
  const breaches = module.imports.flatMap((site) => {
    const wrong = breachOf(module.path, room, site, graph);
    return wrong === undefined ? [] : [`${module.path}:${site.line}: ${wrong}`];
  });
  if (room.name === 'entry' && module.lines > ENTRY_LINES) {
    breaches.push(`${module.path}: has ${module.lines} lines, an entry at most ${ENTRY_LINES}`);
  }
  return breaches;
}

function breachOf(
  from: string,
  room: Room,
  { specifier, kind }: ImportSite,
  graph: Graph,
): string | undefined {
  if (specifier === undefined) {
    return finders.some((finder) => finder.test(from))
      ? undefined
      : 'computes what it imports, so no wall can hold it';
  }
  const path = targetOf(from, specifier);
  if (path !== undefined && !/\.(ts|mjs|json)$/.test(path)) return `${specifier} lacks its extension`;
  if (path !== undefined && !path.endsWith('.json') && !graph.has(path)) return `${specifier} does not exist`;

  const targets = path === undefined ? packageTargets(specifier) : moduleTargets(from, path);
  const within = (allowed: readonly string[] = []) =>
    allowed.includes('*') || targets.some((name) => allowed.includes(name));
  if (within(room.may)) return undefined;
  if (!within(room.mayLazily)) return `${room.name} may not import ${specifier}`;
  return kind === 'value' ? `${room.name} may import ${specifier} only lazily, or for its types` : undefined;
}

/** The names under which the table of rooms may allow a module. */
function moduleTargets(from: string, path: string): string[] {
  const agent = /^(agents|examples)\/[^/]+\//.exec(from)?.[0];
  const own = agent !== undefined && path.startsWith(agent) ? ['own'] : [];
  return [...own, roomOf(path)?.name ?? ''];
}

/** The names under which the table of rooms may allow a package. */
function packageTargets(specifier: string): string[] {
  if (isBuiltin(specifier)) {
    const [name] = specifier.replace(/^node:/, '').split('/');
    return ['node:*', `node:${name}`];
  }
  return [packageOf(specifier)];
}

/** `@scope/name` of `@scope/name/path`. */
function packageOf(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}
