import type { Suite } from './measure.ts';

export const firestore: Suite = { service: 'firestore', measures: [] };
