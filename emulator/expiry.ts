import type { Clock } from '../shared/contract/clock.ts';
import type { FirestoreStore } from './firestore/store.ts';

/**
 * How often expired documents are looked for. The service deletes them "typically within 24 hours"
 * (https://docs.cloud.google.com/firestore/docs/ttl): nobody may count on the time.
 */
const EVERY_MS = 10 * 60_000;

/** Deletes the documents whose time has come, in every database, again and again by the clock. Returns how to stop it. */
export function startExpiry(store: FirestoreStore, clock: Clock): () => void {
  let cancel = () => {};
  const next = () => {
    cancel = clock.after(EVERY_MS, () => {
      for (const database of store.databases()) database.expire();
      next();
    });
  };
  next();
  return () => cancel();
}
