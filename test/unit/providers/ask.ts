import type {
  Provider,
  ProviderAnswer,
  ProviderRequest,
  Work,
} from '../../../emulator/providers/provider.ts';
import { seededRandom } from '../../../emulator/providers/random.ts';
import type { ProviderWorld } from '../../../emulator/providers/sandbox.ts';
import { ManualClock } from '../../../shared/testing/manual-clock.ts';

export function providerWorld(): ProviderWorld & { readonly clock: ManualClock } {
  return { clock: new ManualClock(), random: seededRandom(1) };
}

export interface Asked {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Readonly<Record<string, unknown>>;
}

export function requestOf(
  method: string,
  pathAndQuery: string,
  { headers = {}, body = '' }: { headers?: Record<string, string>; body?: string } = {},
): ProviderRequest {
  const url = new URL(pathAndQuery, 'http://sandbox');
  return { method, path: url.pathname, query: url.searchParams, headers, body };
}

/** Asks a provider and lets it do its work at once. */
export function ask(provider: Provider<unknown>, request: ProviderRequest): Asked {
  const accepted = provider.accept(request);
  return asked(typeof accepted === 'function' ? accepted() : accepted);
}

/** Asks a provider, and leaves the work in flight. */
export function begin(provider: Provider<unknown>, request: ProviderRequest): Work {
  const accepted = provider.accept(request);
  if (typeof accepted === 'function') return accepted;
  throw new Error(`answered at once: ${JSON.stringify(accepted.body)}`);
}

export function asked({ status, headers = {}, body = {} }: ProviderAnswer): Asked {
  return { status, headers, body: body as Record<string, unknown> };
}
