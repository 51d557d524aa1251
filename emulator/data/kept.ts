import type { Entry } from './journal.ts';

/** What a server holds, as it is kept beyond its process. */
export interface Kept {
  /** The name of its file, and of what is in it: `firestore`. */
  readonly kind: string;
  /** Everything that there is, as entries that make it again when they are replayed in order. */
  entries(): Iterable<Entry>;
  /** Takes up an entry, without telling anybody. Throws for one that it does not understand. */
  replay(entry: Entry): void;
  /** The last entry was replayed: what the server does by itself may begin. */
  replayed?(): void;
  /**
   * The servers are open, and this is where Pub/Sub is: `127.0.0.1:8085`, empty where there is none. Comes once, after `replayed`; what the
   * server sends to others by itself may begin.
   */
  serving?(pubsub: string): void;
  /**
   * Has each change from now on told, before whoever made it is answered; undefined: no longer. Entries that make up one change are told
   * together.
   */
  onEntry(told: ((...entries: Entry[]) => void) | undefined): void;
}
