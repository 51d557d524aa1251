/** What an agent loads at once that imports its clients at the top of its file. */
import '@google-cloud/firestore';
import '@google-cloud/logging-winston';
import '@google-cloud/pubsub';
import '@google-cloud/secret-manager';
import '@google-cloud/tasks';
