import type { Contract } from '../contract/agent.ts';
import { messageKey, namedId } from '../contract/keys.ts';
import { CANARY } from '../contract/message.ts';
import { inboxPath, sourceOf } from '../contract/names.ts';
import type { Route } from './route.ts';

/**
 * A canary proves that a mesh is wired up, and does nothing else: it is pushed to an agent, recorded in its inbox, and, with
 * `{"pass": true}`, passed on to each agent that this one may call. Whoever sent it looks for the records.
 */
export function canaryRoute({ calls }: Pick<Contract, 'calls'>): Route {
  return {
    mode: 'commit',
    reads: () => [],
    decide: async ({ message }) => ({
      writes: [],
      sends: passesOn(message.data)
        ? calls.map((agent) => ({
            to: { agent },
            type: CANARY,
            data: { pass: false },
            idFrom: passedFrom(message.id),
          }))
        : [],
    }),
  };
}

/** Where the record of a canary is, in the inbox of `agent`: of the one sent by `source`, or of what `from` passed on of it. */
export function canaryRecordPath(
  agent: string,
  canary: { readonly id: string; readonly source: string },
  from?: string,
): string {
  const passed = from !== undefined && { source: sourceOf(from), id: namedId(passedFrom(canary.id)) };
  return inboxPath(agent, messageKey(passed || canary));
}

const passedFrom = (id: string) => `canary:${id}`;

function passesOn(data: unknown): boolean {
  return typeof data === 'object' && data !== null && 'pass' in data && data.pass === true;
}
