import type { MakeObserver } from '../world/observer.ts';
import { acknowledgement } from './acknowledgement.ts';
import { history } from './history.ts';
import { inbox } from './inbox.ts';
import { liveness } from './liveness.ts';
import { outbox } from './outbox.ts';
import { patience } from './patience.ts';
import { payloads } from './payloads.ts';
import { presence } from './presence.ts';
import { secrecy } from './secrecy.ts';
import { slots } from './slots.ts';
import { work } from './work.ts';

/** The invariants that hold in every world, whatever it is used for. */
export const observers: readonly MakeObserver[] = [
  inbox,
  outbox,
  acknowledgement,
  patience,
  presence,
  history,
  liveness,
  slots,
  payloads,
  secrecy,
  work,
];
