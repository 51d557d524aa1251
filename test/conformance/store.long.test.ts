import { describe, test } from 'vitest';
import { emulatorFolder, startEmulator } from '../support/google-emulators.ts';
import { blobConformance } from './blob-suite.ts';
import { storeConformance } from './store-suite.ts';
import { overFirestore } from './store-world.ts';

if (emulatorFolder('firestore')) {
  storeConformance("Firestore through Google's emulator", () => overFirestore(startEmulator('firestore')));
  blobConformance("in Firestore, through Google's emulator", () => overFirestore(startEmulator('firestore')));
} else {
  describe.skip("Firestore through Google's emulator (it, or a Java, is not on this machine)", () =>
    test('-'));
}
