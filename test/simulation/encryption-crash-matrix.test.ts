import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { defineAgent } from '../../shared/contract/define-agent.ts';
import type { Ports } from '../../shared/contract/ports.ts';
import type { HandlersOf } from '../../shared/kernel/handler.ts';
import { handlerRoutes } from '../../shared/kernel/handler-routes.ts';
import { EnvelopeCodec, eraseTenant } from '../../shared/kernel/index.ts';
import { MemoryKeys } from '../../shared/testing/memory-keys.ts';
import { defineWorkflow } from '../../shared/workflow/index.ts';
import { workflowRoutes } from '../../shared/workflow/workflow-routes.ts';
import { FAULTS, FaultPlan } from '../support/faults.ts';
import { recorder, recorderHandlers } from '../support/recorder.ts';
import { World, type WorldAgent, type WorldOptions } from '../support/world.ts';

const SECRET = 'the-patient-has-measles';
const PATIENTS = ['ada', 'bob'] as const;

const lab = defineAgent({
  name: 'lab',
  commands: {
    test: {
      mode: 'effect',
      input: z.object({ sample: z.string() }),
      output: z.object({ result: z.string() }),
      claimCheckBytes: 100_000,
    },
  },
  limits: { inlineBytes: 2_000 },
});
const clinic = defineAgent({
  name: 'clinic',
  calls: ['lab'],
  encryption: { tenant: 'patient' },
  workflows: {
    treat: {
      input: z.object({ patient: z.string() }),
      output: z.object({ results: z.number() }),
      key: 'patient',
    },
  },
  limits: { inlineBytes: 2_000, claimCheckBytes: 100_000 },
});
const treat = defineWorkflow({
  name: 'treat',
  version: 1,
  input: z.object({ patient: z.string() }),
  output: z.object({ results: z.number() }),
  async run(wf, { patient }) {
    const small = await wf.call(lab.test, { sample: `${SECRET} of ${patient}` });
    await wf.sleep('1h');
    // By claim check.
    const large = await wf.call(lab.test, { sample: `${SECRET} of ${patient} `.repeat(100) });
    return { results: small.result.length + large.result.length };
  },
});
interface Told {
  /** Before this delivery the keys can't be asked for, and after so many more they can. */
  readonly outage?: { readonly from: number; readonly lasts: number };
  /** Before this delivery ada is erased. */
  readonly erased?: number;
  /** Instances last, and with them the keys that they have in memory. */
  readonly lasting?: boolean;
}

async function treated(plan: FaultPlan, told: Told = {}, options: Partial<WorldOptions> = {}) {
  const keys = new MemoryKeys();
  /** By the key of the effect: what the lab did. */
  const tests = new Map<string, number>();
  const labHandlers = {
    test: ({ sample }, ctx) => {
      tests.set(ctx.idempotencyKey, (tests.get(ctx.idempotencyKey) ?? 0) + 1);
      return { result: sample };
    },
  } satisfies HandlersOf<typeof lab>;
  const handling = (
    agent: typeof lab | typeof recorder,
    handlers: Parameters<typeof handlerRoutes>[0]['handlers'],
  ): WorldAgent => ({
    contract: agent.contract,
    routes: ({ clock, secrets }) =>
      handlerRoutes({ contract: agent.contract, handlers, clock, secrets, env: {} }),
  });
  const agents: WorldAgent[] = [
    handling(lab, labHandlers),
    handling(recorder, recorderHandlers),
    {
      contract: clinic.contract,
      routes: ({ clock, ids }) =>
        workflowRoutes({ contract: clinic.contract, definitions: [treat], clock, ids }),
    },
  ];
  let erasing: Promise<void> | undefined;
  const world = new World({
    agents,
    plan,
    portsOf: (ports: Ports) => ({
      ...ports,
      codec: new EnvelopeCodec({ keys, store: ports.store, clock: ports.clock }),
    }),
    meanwhile: (deliveries) => {
      const { outage, erased } = told;
      keys.down =
        outage !== undefined && deliveries >= outage.from && deliveries < outage.from + outage.lasts;
      if (deliveries !== erased) return;
      keys.drop('ada');
      erasing = eraseTenant({ store: world.store, clock: world.clock }, 'ada');
    },
    ...options,
  });
  for (const patient of PATIENTS)
    world.command('clinic', 'treat', { patient }, { 'ce-id': `treat-${patient}`, 'ce-source': '/test' });
  await world.settle();
  await erasing;
  keys.down = false;
  return { world, tests, runs: await runsOf(world) };
}

/** The runs as one who has keys sees them: the status, and the failure. */
async function runsOf(world: World) {
  const found = await world.store.query({ collection: 'workflows' });
  return new Map(
    found.map(({ fields }) => [
      String(fields.key),
      { status: fields.status, failure: (fields.failure as { readonly code?: string } | undefined)?.code },
    ]),
  );
}

const codesOf = (world: World) =>
  [...world.store.documents.values()]
    .filter(({ path }) => path.startsWith('deadLetters/'))
    .map(({ fields }) => fields.code);

/** All that is stored, paths included, as text in which a payload would be seen; but what came in the clear from outside. */
function stored(world: World): string {
  const text = (value: unknown): string => {
    if (value instanceof Uint8Array) return Buffer.from(value).toString('latin1');
    if (typeof value === 'object' && value !== null) return Object.values(value).map(text).join('\n');
    return String(value);
  };
  return text([...world.store.documents.values()]);
}

const DONE = { status: 'completed', failure: undefined };

/** Bob is never touched by it: his run is done, and each of his tests was taken once as far as anybody can tell. */
function audit({ world, tests, runs }: Awaited<ReturnType<typeof treated>>, told: Told): void {
  expect(runs.get('bob')).toEqual(DONE);
  expect(stored(world)).not.toContain(SECRET);
  const ada = runs.get('ada');
  if (told.erased === undefined) {
    expect(ada).toEqual(DONE);
    expect(codesOf(world)).toEqual([]);
    expect(tests.size).toBe(4);
    return;
  }
  // Not begun, done before, or ended by the erasure: never under way. Failed where the clinic still had the key when the lab had not.
  const failure = 'PayloadErased';
  const ends = [
    undefined,
    DONE,
    { status: 'terminated', failure },
    ...(told.lasting ? [{ status: 'failed', failure }] : []),
  ];
  expect(ends).toContainEqual(ada);
  expect(codesOf(world).filter((code) => code !== 'PayloadErased')).toEqual([]);
  expect(tests.size).toBeGreaterThanOrEqual(2);
  expect(tests.size).toBeLessThanOrEqual(4);
}

describe('encrypted runs', async () => {
  const dry = new FaultPlan();
  const calm = await treated(dry);
  const deliveries = calm.world.outcomes.length;

  it('are done, and leave nothing in the clear', () => {
    audit(calm, {});
    expect(calm.world.outcomes.every(({ outcome }) => outcome === 'ack' || outcome === 'defer')).toBe(true);
  });

  for (const fault of FAULTS) {
    it(`are done with a ${fault} at any one of their calls`, async () => {
      for (let at = 0; at < dry.trace.length; at++) audit(await treated(new FaultPlan(at, fault)), {});
    });
  }

  it('are done after an outage of the keys, whenever it is, without a dead letter', async () => {
    for (let from = 0; from < deliveries; from++) {
      const told = { outage: { from, lasts: 12 } };
      audit(await treated(new FaultPlan(), told), told);
    }
  });

  it('of a tenant that is erased end, whenever that is; others do not notice', async () => {
    for (let erased = 0; erased <= deliveries; erased++) {
      const told = { erased };
      audit(await treated(new FaultPlan(), told), told);
    }
  });

  it('keep all of it whatever comes together', async () => {
    const plans = fc.record({
      at: fc.integer({ min: 0, max: dry.trace.length - 1 }),
      fault: fc.constantFrom(...FAULTS),
      from: fc.integer({ min: 0, max: deliveries }),
      lasts: fc.integer({ min: 0, max: 10 }),
      erased: fc.option(fc.integer({ min: 0, max: deliveries }), { nil: undefined }),
      picks: fc.array(fc.nat(7), { minLength: 1, maxLength: 20 }),
      twice: fc.array(fc.boolean(), { maxLength: 20 }),
      lasting: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(plans, async ({ at, fault, from, lasts, erased, picks, twice, lasting }) => {
        let draw = 0;
        let asked = 0;
        const told = { outage: { from, lasts }, lasting, ...(erased !== undefined && { erased }) };
        const after = await treated(new FaultPlan(at, fault), told, {
          pick: (count) => (picks[draw++ % picks.length] ?? 0) % count,
          duplicate: () => twice[asked++] ?? false,
          lasting,
        });
        audit(after, told);
      }),
      { numRuns: 60 },
    );
  });
});
