import { afterAll, beforeAll, describe, test } from 'vitest';
import { type Emulator, emulatorFolder, startEmulator } from '../support/google-emulators.ts';
import { CHAOTIC_DAY, meshSuite, ORDINARY_DAY, sampleSuite } from './mesh-up/suite.ts';

/** The suite that the local cloud passes, on Google's own Pub/Sub and Firestore emulators (Cloud Tasks and Secret Manager stay ours). */
if (emulatorFolder('pubsub') && emulatorFolder('firestore')) {
  describe("the mesh on Google's emulators", () => {
    let pubsub: Emulator;
    let firestore: Emulator;
    beforeAll(async () => {
      [pubsub, firestore] = await Promise.all([startEmulator('pubsub'), startEmulator('firestore')]);
    });
    afterAll(() => Promise.all([pubsub, firestore].map((emulator) => emulator?.close())));

    const env = () => ({
      PUBSUB_EMULATOR_HOST: pubsub.address,
      FIRESTORE_EMULATOR_HOST: firestore.address,
    });
    sampleSuite(env, [ORDINARY_DAY, CHAOTIC_DAY]);
    meshSuite(env);
  });
} else {
  describe.skip("the mesh on Google's emulators (they, or a Java, are not on this machine)", () => test('-'));
}
