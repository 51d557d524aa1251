import * as z from 'zod';
import { defineAgent } from '../../../shared/contract/define-agent.ts';
import { runIdOf } from '../../../shared/contract/keys.ts';
import type { HandlersOf } from '../../../shared/kernel/handler.ts';
import { handlerRoutes } from '../../../shared/kernel/handler-routes.ts';
import { defineWorkflow } from '../../../shared/workflow/definition.ts';
import { workflowRoutes } from '../../../shared/workflow/workflow-routes.ts';
import type { Random } from '../world/random.ts';
import type { EndState, Play, Workload } from '../world/workload.ts';
import { unlucky } from './unlucky.ts';

const Poll = z.object({ pollId: z.string(), voters: z.number(), ballots: z.number() });
type Poll = z.infer<typeof Poll>;
const Counted = z.object({ votes: z.number() });

const booths = defineAgent({
  name: 'booths',
  commands: {
    vote: { input: z.object({ pollId: z.string(), voter: z.string() }), output: Counted },
  },
  state: { schema: z.object({ votes: z.number() }) },
});

const polls = defineAgent({
  name: 'polls',
  calls: ['booths'],
  workflows: { poll: { input: Poll, output: Counted, key: 'pollId' } },
});

const poll = defineWorkflow({
  name: 'poll',
  version: 1,
  input: Poll,
  output: Counted,
  async run(wf, { pollId, voters, ballots }) {
    // The next ballot of each goes out as soon as the last is in: every batch of replies has something to send.
    const vote = async (at: number) => {
      let votes = 0;
      for (let ballot = 0; ballot < ballots; ballot++)
        votes += (await wf.call(booths.vote, { pollId, voter: `${at}-${ballot}` })).votes;
      return votes;
    };
    const counted = await Promise.all(Array.from({ length: voters }, (_, at) => vote(at)));
    return { votes: counted.reduce((sum, votes) => sum + votes, 0) };
  },
});

const handlers = {
  vote: {
    keys: ({ pollId, voter }) => [`${pollId}-${voter}`],
    handle: ({ pollId, voter }, ctx) => {
      const key = `${pollId}-${voter}`;
      const votes = (ctx.state.get(key)?.votes ?? 0) + 1;
      ctx.state.set(key, { votes });
      return { votes };
    },
  },
} satisfies HandlersOf<typeof booths>;

/** So many replies at once that they are left in the mailbox of their run, and drained by one of those who bring them. */
export const crowds: Workload = { name: 'crowds', play };

function play(random: Random): Play {
  const wanted: Poll = { pollId: 'poll', voters: random.between(3, 22), ballots: random.between(1, 2) };
  const acts: Play['acts'][number][] = [
    { atMs: 0, act: (client) => client.command('polls', 'poll', wanted) },
  ];
  if (random.chance(0.2))
    acts.push({
      atMs: random.below(5_000),
      act: (client) => client.cancel('polls', runIdOf('poll', wanted.pollId)),
    });
  return {
    agents: [
      {
        contract: polls.contract,
        routes: ({ ports: { clock, ids } }) =>
          workflowRoutes({ contract: polls.contract, definitions: [poll], clock, ids }),
      },
      {
        contract: booths.contract,
        routes: ({ ports: { clock, secrets } }) =>
          handlerRoutes({ contract: booths.contract, handlers, clock, secrets, env: {} }),
      },
    ],
    acts,
    audit: (end) => audit(end, wanted),
  };
}

function* audit({ runs, documents }: EndState, { voters, ballots }: Poll): Generator<string> {
  const [run] = runs;
  for (const [path, { fields }] of documents)
    if (path.startsWith('agents/booths/state/') && fields.votes !== 1)
      yield `I2: ${path} voted ${fields.votes} times`;
  if (!run) yield 'books: there is no run';
  else if (run.status === 'completed') {
    const { votes } = Counted.parse(run.output);
    if (votes !== voters * ballots) yield `books: ${votes} votes of ${voters * ballots} were counted`;
  } else if (run.status !== 'cancelled' && !unlucky(run))
    yield `books: the run is ${run.status}: ${run.failure?.message}`;
}
