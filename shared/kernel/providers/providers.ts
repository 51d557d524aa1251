import type { Contract } from '../../contract/agent.ts';
import type { Clock } from '../../contract/clock.ts';
import { MeshError } from '../../contract/errors.ts';
import { type Log, silentLog } from '../../contract/log.ts';
import type { Store } from '../../contract/store.ts';
import { type CallSurroundings, Provider } from './provider.ts';

export interface ProvidersOptions {
  readonly contract: Contract;
  readonly clock: Clock;
  /** Left out: what is known of a provider is not shared with other instances. */
  readonly store?: Store;
  readonly log?: Log;
}

/** A provider, as a handler calls it. */
export interface ProviderAccess {
  /**
   * Calls the provider within the limits that the contract sets it. Throw `ProviderFailed` or `ProviderThrottled` from `work` for what is
   * the provider's fault, `rejected(…)` for what it refuses in good order; hand it the signal.
   *
   * Where the provider may not be asked now (its breaker is open, its rate is used up), throws `ProviderUnavailable`: let it pass, and the
   * message is deferred, using up no delivery attempt.
   */
  call<Result>(work: (signal: AbortSignal) => Promise<Result>): Promise<Result>;
}

/** The providers of an agent, as one instance knows them: made once, for all messages that it handles. */
export interface Providers {
  /** @throws MeshError `ProviderNotDeclared` */
  access(name: string, around: CallSurroundings): ProviderAccess;
}

export function createProviders({ contract, clock, store, log = silentLog }: ProvidersOptions): Providers {
  const providers = new Map(
    Object.entries(contract.providers).map(([name, spec]) => [
      name,
      new Provider({ agent: contract.name, name, spec, clock, store, log }),
    ]),
  );
  return {
    access(name, around) {
      const provider = providers.get(name);
      if (provider) return { call: (work) => provider.call(work, around) };
      throw new MeshError(
        'ProviderNotDeclared',
        `${contract.name} calls the provider ${name}, which its contract does not list`,
        { field: 'providers' },
      );
    },
  };
}
