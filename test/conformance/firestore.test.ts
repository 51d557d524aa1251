import { describe, test } from 'vitest';
import { startFirestore } from '../../emulator/firestore/server.ts';
import { firestoreRows } from './firestore/rows.ts';
import { checksOn } from './firestore/server-rows.ts';

describe('the local Firestore does as the documents say', () => {
  const check = checksOn(() => startFirestore());
  for (const row of firestoreRows) test(row.title, () => check(row));
});
