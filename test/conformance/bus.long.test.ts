import { describe, test } from 'vitest';
import { emulatorFolder, startEmulator } from '../support/google-emulators.ts';
import { busConformance } from './bus-suite.ts';
import { overPubSub } from './bus-world.ts';

if (emulatorFolder('pubsub')) {
  busConformance("Pub/Sub through Google's emulator", () => overPubSub(startEmulator('pubsub')));
} else {
  describe.skip("Pub/Sub through Google's emulator (it, or a Java, is not on this machine)", () => test('-'));
}
