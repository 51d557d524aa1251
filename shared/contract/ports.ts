import type { Bus } from './bus.ts';
import type { Clock } from './clock.ts';
import type { KeyService, PayloadCodec } from './encryption.ts';
import type { Ids } from './ids.ts';
import type { Log } from './log.ts';
import type { Secrets } from './secrets.ts';
import type { Store } from './store.ts';
import type { Timers } from './timers.ts';

/** All that the kernel and the workflow engine know of the world. */
export interface Ports {
  readonly bus: Bus;
  readonly store: Store;
  readonly timers: Timers;
  readonly secrets: Secrets;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  /** Left out: nothing is encrypted, and what is can't be read. */
  readonly codec?: PayloadCodec;
  /** Where a codec can be made over them. */
  readonly keys?: KeyService;
}
