import fc from 'fast-check';

const few = fc.nat({ max: 2 });

/** One step of a program; numbers name topics, subscriptions (the i-th has the topic i % 2) and held messages by their places. */
const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('publish' as const),
      topic: few,
      count: fc.integer({ min: 1, max: 4 }),
    }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('pull' as const), subscription: few }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('ack' as const),
      subscription: few,
      count: fc.integer({ min: 1, max: 3 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('nack' as const),
      subscription: few,
      count: fc.integer({ min: 1, max: 3 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('snapshot' as const), subscription: few, name: few }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('seekSnapshot' as const), subscription: few, name: few }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('deleteSnapshot' as const), name: few }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('seekPast' as const), subscription: few }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('seekFuture' as const), subscription: few }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('deleteSubscription' as const), subscription: few }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('createSubscription' as const),
      subscription: few,
      retain: fc.boolean(),
    }),
  },
);

export type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** Programs of what the two servers should agree in: no order, no filters, no dead letters, no time that passes. */
export const program = fc.array(step, { minLength: 1, maxLength: 25 });
