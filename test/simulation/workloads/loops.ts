import * as z from 'zod';
import { defineAgent } from '../../../shared/contract/define-agent.ts';
import { hasCode, rejected } from '../../../shared/contract/errors.ts';
import { runIdOf } from '../../../shared/contract/keys.ts';
import type { HandlersOf } from '../../../shared/kernel/handler.ts';
import { handlerRoutes } from '../../../shared/kernel/handler-routes.ts';
import { undo } from '../../../shared/workflow/context.ts';
import { defineWorkflow } from '../../../shared/workflow/definition.ts';
import type { Entry } from '../../../shared/workflow/entry.ts';
import type { RunRecord } from '../../../shared/workflow/run-record.ts';
import { workflowRoutes } from '../../../shared/workflow/workflow-routes.ts';
import type { Outside } from '../world/outside.ts';
import type { Random } from '../world/random.ts';
import type { EndState, Play, Workload } from '../world/workload.ts';
import { unlucky } from './unlucky.ts';

const Book = z.object({
  bookId: z.string(),
  page: z.number(),
  pages: z.number(),
  hasty: z.boolean(),
  /** Pages that are printed, as far as the run was told. */
  printed: z.array(z.number()),
  /** Remarks that came by signal. */
  notes: z.array(z.number()),
});
type Book = z.infer<typeof Book>;
const Printed = Book.pick({ printed: true, notes: true });
const Page = z.object({ bookId: z.string(), page: z.number() });

const ink = defineAgent({
  name: 'ink',
  commands: { print: { input: Page, mode: 'effect' }, pulp: { input: Page, mode: 'effect' } },
});

const press = defineAgent({
  name: 'press',
  calls: ['ink'],
  workflows: { print: { input: Book, output: Printed, key: 'bookId' } },
});

const publishers = defineAgent({
  name: 'publishers',
  calls: ['press'],
  workflows: { publish: { input: Book, output: Printed, key: 'bookId' } },
});

const print = defineWorkflow({
  name: 'print',
  version: 1,
  input: Book,
  output: Printed,
  async run(wf, book) {
    const { bookId, page, pages, hasty } = book;
    const printed = [...book.printed];
    const notes = [...book.notes];
    const note = async (timeout: '1s' | '1h') => {
      notes.push((await wf.signal('note', { schema: z.object({ n: z.number() }), timeout })).n);
    };
    try {
      // A page that is not there in time is left out: if it is printed later, it is pulped by what this run was then.
      await wf.call(
        ink.print,
        { bookId, page },
        { ...(hasty && { timeout: '4s' }), compensate: undo(ink.pulp, ({ input }) => input) },
      );
      printed.push(page);
    } catch (error) {
      if (!hasCode(error, 'StepTimeout')) throw error;
    }
    try {
      if (page < pages) await note('1s');
      else for (;;) await note('1h');
    } catch (error) {
      if (!hasCode(error, 'SignalTimeout')) throw error;
    }
    if (page < pages) return wf.continueAsNew({ ...book, page: page + 1, printed, notes });
    return { printed, notes };
  },
});

const publish = defineWorkflow({
  name: 'publish',
  version: 1,
  input: Book,
  output: Printed,
  run: async (wf, book) => wf.child(press.print, book),
});

/** Pages that lie there. One that was pulped before it was printed can't be printed any more. */
class Paper {
  readonly pages = new Set<string>();
  readonly times = new Map<string, number>();
  readonly #pulped = new Set<string>();

  print(page: string): void {
    if (this.#pulped.has(page)) throw rejected('pulped', 'it was pulped before');
    if (this.pages.has(page)) return;
    this.times.set(page, (this.times.get(page) ?? 0) + 1);
    this.pages.add(page);
  }

  pulp(page: string): void {
    this.pages.delete(page);
    this.#pulped.add(page);
  }
}

const handlersOf = (paper: Paper, outside: Outside) =>
  ({
    print: ({ bookId, page }, ctx) =>
      outside.ask(`to print ${bookId}/${page}`, ctx, () => paper.print(`${bookId}/${page}`)),
    pulp: ({ bookId, page }, ctx) =>
      outside.ask(`to pulp ${bookId}/${page}`, ctx, () => paper.pulp(`${bookId}/${page}`)),
  }) satisfies HandlersOf<typeof ink>;

/** Runs that begin anew for each page, with signals, late replies and a parent that waits: one run, one answer, nothing lost between. */
export const loops: Workload = { name: 'loops', play };

interface Order {
  readonly book: Book;
  readonly byParent: boolean;
  readonly notes: readonly number[];
}

function play(random: Random): Play {
  const paper = new Paper();
  const orders: Order[] = Array.from({ length: random.between(1, 2) }, (_, at) => ({
    book: {
      bookId: `book-${at}`,
      page: 1,
      pages: random.between(1, 4),
      hasty: random.chance(0.5),
      printed: [],
      notes: [],
    },
    byParent: random.chance(0.5),
    notes: Array.from({ length: random.below(4) }, (_, n) => n),
  }));
  const acts: Play['acts'][number][] = [];
  for (const { book, byParent, notes } of orders) {
    const [agent, workflow] = byParent ? (['publishers', 'publish'] as const) : (['press', 'print'] as const);
    const start = () => ({
      atMs: random.below(2_000),
      act: (client: Parameters<Play['acts'][number]['act']>[0]) => client.command(agent, workflow, book),
    });
    acts.push(start());
    // Its first input joins the run, wherever it is.
    if (random.chance(0.3)) acts.push({ ...start(), atMs: random.below(30_000) });
    for (const n of notes)
      acts.push({
        atMs: random.below(20_000),
        act: (client) => client.signal('press', runIdOf('print', book.bookId), 'note', { n }),
      });
    if (random.chance(0.25))
      acts.push({
        atMs: random.below(20_000),
        act: (client) => client.cancel(agent, runIdOf(workflow, book.bookId)),
      });
  }
  return {
    agents: [
      {
        contract: publishers.contract,
        routes: ({ ports: { clock, ids } }) =>
          workflowRoutes({ contract: publishers.contract, definitions: [publish], clock, ids }),
      },
      {
        contract: press.contract,
        routes: ({ ports: { clock, ids } }) =>
          workflowRoutes({ contract: press.contract, definitions: [print], clock, ids }),
      },
      {
        contract: ink.contract,
        routes: ({ ports: { clock, secrets }, outside }) =>
          handlerRoutes({
            contract: ink.contract,
            handlers: handlersOf(paper, outside),
            clock,
            secrets,
            env: {},
          }),
      },
    ],
    acts,
    audit: (end) => audit(end, paper, orders),
  };
}

/** Pages that were printed before the run began anew the last time; none where its parent ended it before it began. */
function printedBefore({ history, pages }: RunRecord): readonly number[] {
  const [started] = (pages === 0 ? JSON.parse(history) : []) as Entry[];
  if (started?.e !== 'started') throw new TypeError('the history does not begin with a start');
  return started.input === null ? [] : Book.parse(started.input).printed;
}

function* audit({ runs, deadLetters }: EndState, paper: Paper, orders: readonly Order[]): Generator<string> {
  for (const [page, times] of paper.times) if (times > 1) yield `I2: ${page} was printed ${times} times`;
  for (const { book, byParent, notes: sent } of orders) {
    const { bookId, pages } = book;
    const run = runs.find(({ runId }) => runId === runIdOf('print', bookId));
    const parent = runs.find(({ runId }) => runId === runIdOf('publish', bookId));
    const lying = Array.from({ length: pages }, (_, at) => at + 1).filter((page) =>
      paper.pages.has(`${bookId}/${page}`),
    );
    if (byParent && !parent) yield `books: there is no run of ${bookId}`;
    if (!run) {
      // Its parent may have been cancelled before.
      if (!byParent || parent?.status === 'completed') yield `books: ${bookId} was never begun`;
      if (lying.length > 0) yield `books: ${bookId} was never begun, and ${lying} is printed`;
      continue;
    }
    if (parent?.status === 'completed' && run.status !== 'completed')
      yield `books: ${bookId} is ${run.status}, and its parent completed`;
    const { printed, notes } =
      run.status === 'completed'
        ? Printed.parse(run.output)
        : { printed: printedBefore(run), notes: [] as number[] };
    // What the run did before it began anew the last time is not undone with it.
    if (lying.join() !== printed.join())
      yield `I10: ${bookId} is ${run.status} with ${printed}; ${lying} is printed`;
    if (run.status === 'failed' && !unlucky(run)) yield `books: ${bookId} failed: ${run.failure?.message}`;
    if (run.status !== 'completed') continue;
    if (JSON.stringify(parent?.output ?? run.output) !== JSON.stringify(run.output))
      yield `books: the parent of ${bookId} was told ${JSON.stringify(parent?.output)}`;
    const links = runs.filter(({ key, status }) => key === bookId && status === 'continued');
    if (links.length !== pages - 1)
      yield `books: ${bookId} has ${links.length} links before its last of ${pages}`;
    const missing = sent.filter((n) => !notes.includes(n));
    // One that came before the run, or after its end, is a dead letter that says so.
    const late = [...deadLetters.values()].filter((code) => code === 'RunNotFound' || code === 'RunEnded');
    if (missing.length > late.length || notes.length + missing.length > sent.length)
      yield `I4: of the notes ${sent} ${bookId} took ${notes}`;
  }
}
