import { invalidArgument } from './invalid.ts';

export type Labels = Readonly<Record<string, string>>;

/** https://cloud.google.com/pubsub/docs/create-topic-labels#requirements */
const MAX_LABELS = 64;
const KEY = /^[\p{Ll}\p{Lo}][\p{Ll}\p{Lo}\p{N}_-]{0,62}$/u;
const VALUE = /^[\p{Ll}\p{Lo}\p{N}_-]{0,63}$/u;

/** Throws INVALID_ARGUMENT naming the first label that breaks a rule. */
export function requireLabels(labels: Labels): Labels {
  const entries = Object.entries(labels);
  if (entries.length > MAX_LABELS) throw invalidArgument('labels', `at most ${MAX_LABELS} labels`);
  for (const [key, value] of entries) {
    if (!KEY.test(key)) throw invalidArgument('labels', `key "${key}" does not match ${KEY.source}`);
    if (!VALUE.test(value))
      throw invalidArgument('labels', `value "${value}" does not match ${VALUE.source}`);
  }
  return labels;
}
