import * as z from 'zod';
import { defineAgent } from '../../../shared/contract/define-agent.ts';
import { MeshError } from '../../../shared/contract/errors.ts';
import type { HandlersOf } from '../../../shared/kernel/handler.ts';
import { handlerRoutes } from '../../../shared/kernel/handler-routes.ts';
import type { Outside } from '../world/outside.ts';
import type { Random } from '../world/random.ts';
import type { EndState, Play, Workload } from '../world/workload.ts';

/** Such a message is given up on when its attempts are used up, even in an outage. */
const LONG_AGO = { 'ce-time': '2020-01-01T00:00:00.000Z' };

const Text = z.object({ to: z.string() });

const texts = defineAgent({
  name: 'texts',
  providers: {
    carrier: {
      rate: '3/s',
      bulkhead: 2,
      breaker: { failures: 2, within: '1m', open: '2s', maxOpen: '20s' },
      retry: { attempts: 2 },
    },
  },
  commands: { send: { input: Text, mode: 'effect' } },
});

/** A carrier that is down now and then. */
class Carrier {
  readonly sent = new Map<string, string>();
  #state: 'up' | 'down' = 'up';

  turn(state: 'up' | 'down'): void {
    this.#state = state;
  }

  send(key: string, to: string): void {
    if (this.#state === 'down') throw new MeshError('ProviderFailed', 'the carrier is down');
    if (!this.sent.has(key)) this.sent.set(key, to);
  }
}

const handlersOf = (carrier: Carrier, outside: Outside) =>
  ({
    send: async ({ to }, ctx) => {
      await ctx
        .provider('carrier')
        .call((signal) =>
          outside.ask(`to text ${to}`, { message: ctx.message, signal }, () =>
            carrier.send(ctx.idempotencyKey, to),
          ),
        );
    },
  }) satisfies HandlersOf<typeof texts>;

/** A provider that flaps, behind a breaker, a rate and a bulkhead: each text is sent once, or is a dead letter that says why. */
export const breaker: Workload = { name: 'breaker', play };

function play(random: Random): Play {
  const carrier = new Carrier();
  const wanted = Array.from({ length: random.between(3, 12) }, (_, at) => `person-${at}`);
  const acts: Play['acts'][number][] = wanted.map((to) => {
    const attributes = { 'ce-id': to, ...(random.chance(0.5) && LONG_AGO) };
    return {
      atMs: random.below(random.pick([100, 5_000, 60_000])),
      act: (client) => client.command('texts', 'send', { to }, attributes),
    };
  });
  let atMs = 0;
  for (let flaps = random.below(5); flaps > 0; flaps--) {
    // What happens at one instant happens in any order: a carrier that came up before it went down would be down for ever.
    atMs += 1 + random.below(20_000);
    acts.push({ atMs, act: () => carrier.turn('down') });
    atMs += 1 + random.below(random.pick([1_000, 30_000]));
    acts.push({ atMs, act: () => carrier.turn('up') });
  }
  return {
    agents: [
      {
        contract: texts.contract,
        routes: ({ ports: { clock, secrets, store, log }, outside }) =>
          handlerRoutes({
            contract: texts.contract,
            handlers: handlersOf(carrier, outside),
            clock,
            secrets,
            store,
            log,
            env: {},
          }),
      },
    ],
    acts,
    audit: (end) => audit(end, carrier, wanted),
  };
}

function* audit({ deadLetters }: EndState, carrier: Carrier, wanted: readonly string[]): Generator<string> {
  const sent = [...carrier.sent.values()];
  for (const to of wanted) {
    const times = sent.filter((each) => each === to).length;
    if (times > 1) yield `I2: ${to} was sent ${times} texts`;
    // The operator redrives what died, and in the end the carrier is up.
    if (times === 0)
      yield `I4: ${to} was sent nothing${deadLetters.has(to) ? `, and died: ${deadLetters.get(to)}` : ''}`;
  }
}
