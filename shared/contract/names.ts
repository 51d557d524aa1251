import { digest } from './keys.ts';

/** The names of the mesh's Pub/Sub resources and Firestore paths, in one place. */

export const topicOf = (prefix: string, agent: string) => `${prefix}-${agent}`;
export const deadTopicOf = (prefix: string, agent: string) => `${prefix}-${agent}-dead`;
export const eventsTopic = (prefix: string) => `${prefix}-events`;
export const subscriptionOf = (prefix: string, agent: string) => `${prefix}-${agent}`;
export const deadSubscriptionOf = (prefix: string, agent: string) => `${prefix}-${agent}-dead`;
/** A filter can't be changed, so its digest is in the name: a new filter is a new subscription, made before the old one goes. */
export const eventsSubscriptionOf = (prefix: string, agent: string, filter: string) =>
  `${prefix}-${agent}-events-${digest('filter', filter).slice(0, 8)}`;

/** The id of the account that an agent's function runs as. */
export const accountOf = (prefix: string, agent: string) => accountId(`${prefix}-${agent}`);
/** The id of the account that Pub/Sub calls an agent's function as. */
export const pushAccountOf = (prefix: string, agent: string) => accountId(`${prefix}-${agent}-push`);

/** An account's id has 6 to 30 characters (https://cloud.google.com/iam/docs/service-accounts-create): another name is told by its digest. */
function accountId(name: string): string {
  if (name.length >= 6 && name.length <= 30) return name;
  return `${name.slice(0, 21)}-${digest('account', name).slice(0, 8)}`;
}

export const inboxPath = (agent: string, key: string) => `agents/${agent}/inbox/${key}`;
export const statePath = (agent: string, key: string) => `agents/${agent}/state/${encodeKey(key)}`;
/** Where the slots of an agent's concurrency keys are counted. */
export const slotsOf = (agent: string) => `agents/${agent}/slots`;
export const slotPath = (agent: string, workflow: string, value: string) =>
  `${slotsOf(agent)}/${digest('slot', workflow, value)}`;
/** Where the schedules are that were made at run time for the workflows of an agent. */
export const schedulesOf = (agent: string) => `agents/${agent}/schedules`;
export const schedulePath = (agent: string, id: string) => `${schedulesOf(agent)}/${encodeKey(id)}`;
/** The `ce-source` of what an agent sends. */
export const sourceOf = (agent: string) => `/agents/${agent}`;
/** The `ce-source` of what an agent's schedules send. */
export const scheduleSourceOf = (agent: string) => `/agents/${agent}/schedules`;
export const runPath = (runId: string) => `workflows/${runId}`;
/** The answer to an update, for a sender that has no topic of its own. */
export const answerPath = (runId: string, key: string) => `workflows/${runId}/answers/${key}`;
export const historyPath = (runId: string, page: number) => `workflows/${runId}/history/${page}`;
/** A payload that is too large to inline, by its SHA-256; and a part of one that is too large for a document. */
export const blobPath = (blobId: string) => `blobs/${blobId}`;
export const blobPartPath = (blobId: string, packing: string, part: number) =>
  `blobs/${blobId}/parts/${packing}-${part}`;
/** The key that the payloads of a tenant are encrypted with, itself encrypted. */
export const dataKeyPath = (tenant: string) => `dataKeys/${digest('tenant', tenant)}`;
export const deadLetterPath = (id: string) => `deadLetters/${id}`;

/**
 * A state key as a Firestore document id: no slash, not `.`, `..` or `__x__`, at most 1,500 bytes
 * (https://firebase.google.com/docs/firestore/quotas#collections_documents_and_fields).
 */
export function encodeKey(key: string): string {
  // Half a character can't be written; as JSON it can, and stays apart from every other half.
  if (!key.isWellFormed()) return `~${digest('key', JSON.stringify(key))}`;
  const encoded = encodeURIComponent(key);
  const plain = encoded !== '' && !/^\.{1,2}$/.test(encoded) && !/^__.*__$/.test(encoded);
  return plain && encoded.length <= 1_500 ? encoded : `~${digest('key', key)}`;
}
