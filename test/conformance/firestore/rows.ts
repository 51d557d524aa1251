import type { Row } from '../row.ts';
import { documentRows } from './document-rows.ts';
import { queryRows } from './query-rows.ts';
import { sessionRows } from './session-rows.ts';
import type { FirestoreWorld } from './world.ts';

/** What the documents of Firestore say, as far as a client can see it. */
export const firestoreRows: readonly Row<FirestoreWorld>[] = [...documentRows, ...queryRows, ...sessionRows];
