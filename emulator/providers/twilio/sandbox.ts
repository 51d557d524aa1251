import { openSandbox, type Sandbox, type SandboxOptions } from '../sandbox.ts';
import { Twilio, type TwilioAccount, type TwilioBooks } from './twilio.ts';

export interface TwilioSandboxOptions extends SandboxOptions, TwilioAccount {}

/**
 * Starts a sandbox that the `twilio` package talks to. The package has no option for a base URL, but its domains carry theirs in
 * a public field: `const client = twilio(accountSid, authToken); client.api.baseUrl = sandbox.url`.
 */
export function startTwilio(options: TwilioSandboxOptions): Promise<Sandbox<TwilioBooks>> {
  return openSandbox((world) => new Twilio(world, options), options);
}
