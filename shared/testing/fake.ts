import type { MessageRef } from '../contract/agent.ts';

/** An agent's command, as a test plays it: the output, or an error to fail with. */
export interface Fake {
  readonly type: string;
  readonly answer: (input: unknown) => unknown;
}

/**
 * Plays a command of another agent. What `answer` returns is the output; what it throws is the failure (`rejected(…)` for a refusal,
 * anything else for a command that died).
 *
 * @example
 * fake(payments.charge, ({ amount }) => ({ paymentIntentId: 'pi_1', amount, currency: 'usd' }))
 */
export function fake<Input, Output, Wire>(
  ref: MessageRef<Input, Output, Wire>,
  answer: (input: Input) => NoInfer<Output> | Promise<NoInfer<Output>>,
): Fake {
  return { type: ref.type, answer: (input) => answer(ref.input.parse(input)) };
}
