import * as z from 'zod';
import { defineAgent } from '../../../shared/contract/define-agent.ts';
import { hasCode } from '../../../shared/contract/errors.ts';
import { runIdOf } from '../../../shared/contract/keys.ts';
import type { HandlersOf } from '../../../shared/kernel/handler.ts';
import { handlerRoutes } from '../../../shared/kernel/handler-routes.ts';
import { defineWorkflow } from '../../../shared/workflow/definition.ts';
import { workflowRoutes } from '../../../shared/workflow/workflow-routes.ts';
import type { Random } from '../world/random.ts';
import type { EndState, Play, Workload } from '../world/workload.ts';
import { unlucky } from './unlucky.ts';

const Request = z.object({
  requestId: z.string(),
  votes: z.number(),
  patience: z.enum(['10s', '3m', '45d']),
});
type Request = z.infer<typeof Request>;
const Vote = z.object({ voter: z.string(), yes: z.boolean() });
const Decision = z.object({
  requestId: z.string(),
  voters: z.array(z.string()),
  outcome: z.enum(['yes', 'no', 'late']),
});

const register = defineAgent({
  name: 'register',
  commands: { enter: { input: Decision, output: z.object({ entries: z.number() }) } },
  subscribes: { 'approvals.decided': { data: Decision } },
  state: { schema: z.object({ entries: z.number(), told: z.number(), outcome: z.string() }) },
});

const approvals = defineAgent({
  name: 'approvals',
  calls: ['register'],
  publishes: { decided: Decision },
  workflows: { approve: { input: Request, output: Decision, key: 'requestId' } },
});

const approve = defineWorkflow({
  name: 'approve',
  version: 1,
  input: Request,
  output: Decision,
  async run(wf, { requestId, votes, patience }) {
    const voters: string[] = [];
    let outcome: z.infer<typeof Decision>['outcome'] = 'yes';
    try {
      while (voters.length < votes && outcome === 'yes') {
        const vote = await wf.signal('vote', { schema: Vote, timeout: patience });
        voters.push(vote.voter);
        if (!vote.yes) outcome = 'no';
      }
    } catch (error) {
      if (!hasCode(error, 'SignalTimeout')) throw error;
      outcome = 'late';
    }
    const decision = { requestId, voters, outcome };
    await wf.call(register.enter, decision);
    wf.publish(approvals.decided, decision);
    return decision;
  },
});

const blank = { entries: 0, told: 0, outcome: '' };
const handlers = {
  enter: {
    keys: ({ requestId }) => [requestId],
    handle: ({ requestId, outcome }, ctx) => {
      const state = ctx.state.get(requestId) ?? blank;
      ctx.state.set(requestId, { ...state, entries: state.entries + 1, outcome });
      return { entries: state.entries + 1 };
    },
  },
  'approvals.decided': {
    keys: ({ requestId }) => [requestId],
    handle: ({ requestId }, ctx) => {
      const state = ctx.state.get(requestId) ?? blank;
      ctx.state.set(requestId, { ...state, told: state.told + 1 });
    },
  },
} satisfies HandlersOf<typeof register>;

/** Votes that come early, late, twice and malformed, or not at all; each decision is entered and told of once. */
export const approvalsWorkload: Workload = { name: 'approvals', play };

function play(random: Random): Play {
  const requests: Request[] = Array.from({ length: random.between(1, 3) }, (_, at) => ({
    requestId: `request-${at}`,
    votes: random.between(1, 3),
    patience: random.pick(['10s', '3m', '45d']),
  }));
  const acts: Play['acts'][number][] = [];
  const cancelled = new Set<string>();
  for (const request of requests) {
    const { requestId } = request;
    const runId = runIdOf('approve', requestId);
    acts.push({ atMs: random.below(500), act: (client) => client.command('approvals', 'approve', request) });
    for (let voter = random.below(5); voter > 0; voter--) {
      const yes = random.chance(0.8);
      const payload = random.chance(0.1) ? { voter: 7 } : { voter: `voter-${voter}`, yes };
      const atMs = random.below(random.pick([1_000, 12_000, 400_000]));
      acts.push({ atMs, act: (client) => client.signal('approvals', runId, 'vote', payload) });
    }
    if (random.chance(0.2)) {
      cancelled.add(requestId);
      acts.push({ atMs: random.below(60_000), act: (client) => client.cancel('approvals', runId) });
    }
  }
  return {
    agents: [
      {
        contract: approvals.contract,
        routes: ({ ports: { clock, ids } }) =>
          workflowRoutes({ contract: approvals.contract, definitions: [approve], clock, ids }),
      },
      {
        contract: register.contract,
        routes: ({ ports: { clock, secrets } }) =>
          handlerRoutes({ contract: register.contract, handlers, clock, secrets, env: {} }),
      },
    ],
    acts,
    audit: (end) => audit(end, requests, cancelled),
  };
}

function* audit(
  { runs, documents }: EndState,
  requests: readonly Request[],
  cancelled: ReadonlySet<string>,
): Generator<string> {
  for (const { requestId, votes } of requests) {
    const run = runs.find(({ key }) => key === requestId);
    if (!run) {
      yield `books: there is no run of ${requestId}`;
      continue;
    }
    const state = documents.get(`agents/register/state/${requestId}`)?.fields ?? blank;
    if (run.status === 'cancelled') {
      if (!cancelled.has(requestId)) yield `books: ${requestId} was cancelled by nobody`;
      if (Number(state.entries) > 1) yield `I2: ${requestId} was entered ${state.entries} times`;
      continue;
    }
    if (unlucky(run)) continue;
    if (run.status !== 'completed') {
      yield `books: ${requestId} is ${run.status}: ${run.failure?.message}`;
      continue;
    }
    const { voters, outcome } = Decision.parse(run.output);
    if (state.entries !== 1 || state.outcome !== outcome)
      yield `I2: ${requestId} is ${outcome}, and entered: ${JSON.stringify(state)}`;
    if (state.told !== 1) yield `I2: ${requestId} was told of ${state.told} times`;
    if (outcome === 'yes' && voters.length !== votes)
      yield `books: ${requestId} was decided by ${voters.length} of ${votes} votes`;
    if (new Set(voters).size !== voters.length)
      yield `I2: a vote for ${requestId} was counted twice: ${voters}`;
  }
}
