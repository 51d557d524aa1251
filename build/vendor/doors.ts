/**
 * What takes the place of a package's own index in a bundle: of each client library, the clients that functions use. The indexes load
 * all that there is: every version of every service, and the hand-written libraries over them. The files are named by their place,
 * since packages do not export them.
 */
export const doors: Readonly<Record<string, string>> = {
  '@google-cloud/pubsub': `exports.v1 = {
    get PublisherClient() { return require('./node_modules/@google-cloud/pubsub-api/build/src/v1/publisher_client.js').PublisherClient; },
    get SubscriberClient() { throw new Error('the subscriber is left out of the bundles of functions'); },
  };`,
  '@google-cloud/firestore': `exports.v1 = {
    get FirestoreClient() { return require('./node_modules/@google-cloud/firestore-api/build/src/v1/firestore_client.js').FirestoreClient; },
  };`,
  '@google-cloud/tasks': `exports.CloudTasksClient = require('./node_modules/@google-cloud/tasks/build/cjs/src/v2/cloud_tasks_client.cjs').CloudTasksClient;`,
  '@google-cloud/secret-manager': `exports.SecretManagerServiceClient =
    require('./node_modules/@google-cloud/secret-manager/build/src/v1/secret_manager_service_client.js').SecretManagerServiceClient;`,
};

/** The descriptions that clients are made from, and the services of each that functions call. */
export const services: Readonly<Record<string, readonly string[]>> = {
  '@google-cloud/pubsub-api/build/protos/protos.json': ['google.pubsub.v1.Publisher'],
  '@google-cloud/firestore-api/build/protos/protos.json': ['google.firestore.v1.Firestore'],
  '@google-cloud/tasks/build/protos/protos.json': ['google.cloud.tasks.v2.CloudTasks'],
  '@google-cloud/secret-manager/build/protos/protos.json': [
    'google.cloud.secretmanager.v1.SecretManagerService',
  ],
};
