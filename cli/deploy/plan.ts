import { type Graph, type GraphResource, nameOf, shortType } from '../../infra/preview/graph.ts';
import { breachesOf } from '../../infra/preview/policies/index.ts';
import type { Io } from '../io.ts';
import { formatOf, type OutputOptions } from '../options.ts';
import type { Palette } from '../output/palette.ts';
import { Printer } from '../output/printer.ts';
import { table } from '../output/table.ts';
import { stackGraph } from './stack-graph.ts';

export interface PlanOptions extends OutputOptions {
  readonly stack: string;
}

/** Prints what a stack would be. Resolves to whether it keeps every rule. */
export async function plan(io: Io, options: PlanOptions): Promise<boolean> {
  const printer = new Printer(io, formatOf(options));
  const { graph, built } = await stackGraph(options);
  const breaches = breachesOf(graph);
  printer.item({ ...graph, breaches }, (palette) => planText(graph, palette));
  if (!built)
    printer.note('Nothing is built: the hashes of bundles say nothing. Build them with: npm run build');
  for (const breach of breaches) printer.note(`rule broken: ${breach}`);
  return breaches.length === 0;
}

/** The resources by the component that they belong to, and the stack's outputs. */
function planText(graph: Graph, palette: Palette): string {
  const made = graph.resources.filter(({ custom }) => custom);
  const rows = made.toSorted(
    (a, b) => compare(component(a), component(b)) || compare(shortType(a.type), shortType(b.type)),
  );
  const lines = table(
    rows,
    [
      { title: 'COMPONENT', value: component },
      { title: 'TYPE', value: ({ type }) => shortType(type) },
      { title: 'NAME', value: ({ name }) => name },
      { title: 'PROTECTED', value: ({ protect }) => (protect ? 'yes' : '') },
      { title: 'SECRET', value: ({ secrets }) => secrets.join(', ') },
    ],
    palette,
  );
  const told = Object.keys(graph.outputs).sort().join(', ');
  return `${lines}\n\n${made.length} resources in the project ${graph.project}. Outputs: ${told}.`;
}

/** What a resource belongs to; nothing for the provider. */
const component = ({ parent = '' }: GraphResource) => (parent.includes(':Stack::') ? '' : nameOf(parent));
const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
