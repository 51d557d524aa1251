import { diffGraphs, type ResourceChange } from '../../infra/preview/diff.ts';
import { MeshError } from '../../shared/contract/errors.ts';
import type { Io } from '../io.ts';
import { formatOf, type OutputOptions } from '../options.ts';
import type { Palette } from '../output/palette.ts';
import { Printer } from '../output/printer.ts';
import { atRevision } from './revision.ts';
import { stackGraph } from './stack-graph.ts';

export interface DiffOptions extends OutputOptions {
  /** Two stacks, of the checkout as it is. */
  readonly stacks: readonly string[];
  /** Or one stack, at two revisions. */
  readonly from?: string;
  readonly to?: string;
}

/** Prints what differs between two stacks, or between two revisions of one. */
export async function diff(io: Io, options: DiffOptions): Promise<void> {
  const printer = new Printer(io, formatOf(options));
  const changes = await changesOf(options);
  printer.item(changes, (palette) => diffText(changes, palette));
}

async function changesOf({ stacks, from, to }: DiffOptions): Promise<ResourceChange[]> {
  const [stack, other] = stacks;
  if (stack !== undefined && other !== undefined && from === undefined && to === undefined) {
    const [before, after] = await Promise.all([stackGraph({ stack }), stackGraph({ stack: other })]);
    return diffGraphs(before.graph, after.graph);
  }
  if (stack === undefined || other !== undefined || from === undefined) {
    throw new MeshError('UsageInvalid', 'two stacks, or one stack and a revision, are needed to compare', {
      field: from === undefined ? '--from' : 'stack',
      hint: 'mesh deploy diff dev prod, or: mesh deploy diff prod --from HEAD~1',
    });
  }
  // Bundles are built of one revision at most: they are left out of both.
  const at = (revision: string) =>
    atRevision(revision, async (root) => (await stackGraph({ stack, root, unbuilt: true })).graph);
  const now = to === undefined ? stackGraph({ stack, unbuilt: true }).then(({ graph }) => graph) : at(to);
  const [before, after] = await Promise.all([at(from), now]);
  return diffGraphs(before, after);
}

const SIGN = { added: '+', removed: '-', changed: '~' } as const;
const LONGEST = 100;

/** A line for each resource, and one for each argument that changes; then how many. */
export function diffText(changes: readonly ResourceChange[], palette: Palette): string {
  const paint = { added: palette.green, removed: palette.red, changed: palette.yellow };
  const lines = changes.flatMap(({ change, type, name, properties }) => [
    paint[change](`${SIGN[change]} ${type} ${name}`),
    ...properties.map(({ path, from, to }) => `    ${path}: ${short(from)} -> ${short(to)}`),
  ]);
  const count = (kind: ResourceChange['change']) => changes.filter(({ change }) => change === kind).length;
  const sum = `${count('added')} added, ${count('removed')} removed, ${count('changed')} changed`;
  return [...lines, ...(lines.length > 0 ? [''] : []), sum].join('\n');
}

function short(value: unknown): string {
  const text = value === undefined ? '(none)' : JSON.stringify(value);
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}
