import { decodeEnvelope } from '../../../shared/contract/envelope.ts';
import type { MakeObserver } from '../world/observer.ts';

/** Within so long a message is put off at most so often: one that comes back at once, over and over, costs an invocation each time. */
const WITHIN_MS = 10_000;
const MOST_TIMES = 60;

/** I4: whoever is put off waits, however wrong the clock of an instance is. */
export const patience: MakeObserver = ({ now }, violated) => {
  const times = new Map<string, number[]>();
  return {
    acked(delivery, how, { contract }) {
      if (how !== 'defer') return;
      const { id, type } = decodeEnvelope(delivery, contract.name);
      const recent = (times.get(id) ?? []).filter((at) => at > now() - WITHIN_MS);
      times.set(id, [...recent, now()]);
      if (recent.length < MOST_TIMES) return;
      times.delete(id);
      violated(`I4: ${type} (${id}) was put off ${MOST_TIMES} times within ${WITHIN_MS} ms`);
    },
  };
};
