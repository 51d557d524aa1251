import { openSandbox, type Sandbox, type SandboxOptions } from '../sandbox.ts';
import { Stripe, type StripeBooks } from './stripe.ts';

export interface StripeSandboxOptions extends SandboxOptions {
  /** The only API key that is let in, `sk_test_…`. */
  readonly secretKey: string;
}

/**
 * Starts a sandbox that the `stripe` package talks to:
 * `new Stripe(secretKey, { host: '127.0.0.1', port, protocol: 'http', telemetry: false })`.
 */
export function startStripe(options: StripeSandboxOptions): Promise<Sandbox<StripeBooks>> {
  return openSandbox((world) => new Stripe(world, options.secretKey), options);
}
