import { milliseconds } from '../../contract/duration.ts';
import type { Json } from '../../contract/json.ts';
import { parseAs } from '../../contract/parse.ts';
import { stableValue } from '../../contract/stable-value.ts';
import { checkName } from '../../contract/text.ts';
import type { WorkflowContext } from '../context.ts';
import type { Scope } from '../scope.ts';
import { payloadRefusal } from '../signal-payload.ts';

const whatOf = (name: string) => `the payload of the signal "${name}"`;

export function signal(scope: Scope): WorkflowContext['signal'] {
  return (name, { schema, timeout }) => {
    checkName(name, 'the name of a signal');
    const timeoutMs = timeout === undefined ? undefined : milliseconds(timeout, 'timeout');
    const refuses = (payload: Json | undefined) => payloadRefusal(name, schema, payload);
    const stable = (payload: Json | undefined) =>
      stableValue(schema, payload, 'SchemaMismatch', whatOf(name));
    /** The payload of an early signal, where the schema fills something in. */
    const filledIn = (came: Json | undefined) => {
      const payload = came && scope.payloads.checkOut(came);
      const filled = stable(payload);
      if (filled === payload || filled === undefined) return {};
      return { payload: scope.payloads.checkIn(filled, scope.contract.limits, whatOf(name)) };
    };
    return scope.step({
      op: 'signal',
      name,
      begin: () => {
        // The earliest that fits is taken. Those before it are passed over for good: they fit nothing that waits for the name.
        const early = scope.ledger.earlySignals(name);
        const skips: number[] = [];
        let taken: (typeof early)[number] | undefined;
        for (const each of early) {
          const failure = refuses(each.payload && scope.payloads.checkOut(each.payload));
          if (!failure) {
            taken = each;
            break;
          }
          skips.push(each.arrival);
          scope.log.error(`skipped: ${failure.message}`, { code: failure.code, field: failure.field });
        }
        return {
          served: 'latest-first' as const,
          ...(timeoutMs !== undefined && { timeoutAt: scope.ledger.time + timeoutMs }),
          ...(taken && { takes: taken.arrival, ...filledIn(taken.payload) }),
          ...(skips.length > 0 && { skips }),
        };
      },
      stable,
      decode: (payload) => parseAs(schema, payload, 'SchemaMismatch', whatOf(name)),
      refuses,
    });
  };
}
