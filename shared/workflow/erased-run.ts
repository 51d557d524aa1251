import { DEFAULT_TENANT, payloadErased } from '../contract/encryption.ts';
import { toFailure } from '../contract/failure.ts';
import type { Log } from '../contract/log.ts';
import { currentTenant, useTenant } from '../contract/tenant-scope.ts';
import type { Decision } from '../kernel/route.ts';
import { ANY_INPUT } from './child-end.ts';
import { decisionOf, type Host, NO_EFFECT } from './host.ts';
import type { RunRecord, Waiter } from './run-record.ts';
import { sendsOf } from './sends.ts';

/**
 * Makes the handling one of the run's tenant: what the run is given and sends is kept under that tenant's key, whoever brings it on. A run of
 * nobody's that meets payloads of a tenant is of the tenant `default` from then on: it may meet those of several.
 */
export function useRunTenant({ tenant }: Pick<RunRecord, 'tenant'>): void {
  if (tenant !== undefined) useTenant(tenant);
  else if (currentTenant() !== undefined) useTenant(DEFAULT_TENANT);
}

/**
 * Ends a run whose history can't be read any more, because the key of its tenant was dropped. Nothing is undone: what would have to be is not
 * known. Whoever waits for it is told, and its slot is given back.
 */
export function endErased(
  host: Host,
  run: RunRecord,
  ifVersion: string,
  log: Log,
  waiter?: Waiter,
): Decision {
  if (run.endedAt && !waiter) return NO_EFFECT;
  const {
    erased: _erased,
    tenant = '',
    wakeAt: _wakeAt,
    paused: _paused,
    deadlineAt: _deadline,
    ...rest
  } = run;
  // Nothing of what is left is a secret, and with the key of the tenant nothing can be kept.
  useTenant(undefined);
  const now = host.clock.now();
  const endedAt = run.endedAt ?? new Date(now);
  const ended: RunRecord = {
    ...rest,
    status: 'terminated',
    failure: toFailure(payloadErased(tenant)),
    waitingFor: [],
    kept: [],
    history: '[]',
    pages: 0,
    pagedBytes: 0,
    inputDigest: ANY_INPUT,
    waiters: waiter ? [waiter] : run.waiters,
    updatedAt: new Date(now),
    endedAt,
    expireAt: new Date(endedAt.getTime() + host.retentionMs),
  };
  log.error('the run was ended: the key of its tenant was dropped', {
    alert: 'payload_erased',
    tenant,
    runId: run.runId,
  });
  return decisionOf(host, { run: ended, writes: [], sends: sendsOf(ended, [{ do: 'end' }]) }, ifVersion);
}
