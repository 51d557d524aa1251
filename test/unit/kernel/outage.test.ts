import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { defineAgent } from '../../../shared/contract/define-agent.ts';
import { MeshError } from '../../../shared/contract/errors.ts';
import type { HandlersOf } from '../../../shared/kernel/handler.ts';
import { handlerRoutes } from '../../../shared/kernel/handler-routes.ts';
import type { Route } from '../../../shared/kernel/route.ts';
import { recorder, recorderHandlers } from '../../support/recorder.ts';
import { World } from '../../support/world.ts';

const courier = defineAgent({
  name: 'courier',
  commands: { ship: { mode: 'effect', input: z.object({ parcel: z.string() }) } },
  providers: { depot: { breaker: { failures: 3, within: '10s', open: '2s', maxOpen: '20s' }, rate: '5/s' } },
});

/** A mesh whose provider is down up to a time, with instances that share nothing but the store; their clocks may differ. */
function mesh(downMs: number, skews: readonly number[] = [0, 0]) {
  const shipped = new Map<string, number>();
  let asked = 0;
  const instances = skews.map((): { routes?: ReadonlyMap<string, Route> } => ({}));
  let turn = 0;
  const world: World = new World({
    skew: () => skews[turn % skews.length] ?? 0,
    agents: [
      {
        contract: courier.contract,
        routes: (ports) => {
          const instance = instances[turn++ % instances.length] ?? {};
          const { clock, secrets } = ports;
          const { store } = world.ports;
          const upAt = () => start + downMs;
          const handlers = {
            ship: ({ parcel }, ctx) =>
              ctx.provider('depot').call(async () => {
                asked += 1;
                if (world.clock.now() < upAt()) throw new MeshError('ProviderFailed', 'the depot is shut');
                shipped.set(parcel, (shipped.get(parcel) ?? 0) + 1);
              }),
          } satisfies HandlersOf<typeof courier>;
          instance.routes ??= handlerRoutes({
            contract: courier.contract,
            handlers,
            clock,
            secrets,
            store,
            env: {},
          });
          return instance.routes;
        },
      },
      {
        contract: recorder.contract,
        routes: ({ clock, secrets }) =>
          handlerRoutes({ contract: recorder.contract, handlers: recorderHandlers, clock, secrets, env: {} }),
      },
    ],
  });
  const start = world.clock.now();
  const ship = (count: number, attributes = {}) => {
    for (let at = 0; at < count; at++)
      world.command(
        'courier',
        'ship',
        { parcel: `p-${at}` },
        { 'ce-id': `p-${at}`, 'ce-source': '/test', ...attributes },
      );
  };
  const outcomes = () =>
    world.outcomes.filter(({ agent }) => agent === 'courier').map(({ outcome }) => outcome);
  return { world, ship, shipped, outcomes, asked: () => asked, elapsedMs: () => world.clock.now() - start };
}

describe('while a provider is down', () => {
  it.each([
    ['clocks that agree', [0, 0]],
    ['clocks that differ', [-1_500, 0, 2_500]],
  ])(
    'messages are deferred, none is a dead letter, and all are done soon after, with %s',
    async (_name, skews) => {
      const { world, ship, shipped, outcomes, asked, elapsedMs } = mesh(120_000, skews);
      ship(30);
      await world.settle();
      expect(shipped.size).toBe(30);
      expect(new Set(shipped.values())).toEqual(new Set([1]));
      expect(outcomes()).not.toContain('dead-letter');
      expect(outcomes()).toContain('defer');
      // Those that opened the circuit, and the probes.
      expect(asked() - 30).toBeLessThan(25);
      expect(elapsedMs()).toBeLessThan(120_000 + 60_000);
    },
  );

  it('a message that could not be done before its deadline fails at once', async () => {
    const { world, ship, outcomes, shipped } = mesh(120_000);
    ship(3);
    ship(5, { deadline: new Date(world.clock.now() + 1_000).toISOString(), 'ce-source': '/hurry' });
    await world.settle();
    expect(outcomes().filter((outcome) => outcome === 'dead-letter')).toHaveLength(5);
    const codes = [...world.store.documents.values()]
      .filter(({ path }) => path.startsWith('deadLetters/'))
      .map(({ fields }) => fields.code);
    expect(new Set(codes)).toEqual(new Set(['DeadlineExceeded']));
    // The others had the time.
    expect(shipped.size).toBe(3);
  });
});
