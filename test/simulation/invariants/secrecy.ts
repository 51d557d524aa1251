import type { Fields, FieldValue } from '../../../shared/contract/store.ts';
import type { MakeObserver } from '../world/observer.ts';

const SECRET = 'never-to-be-seen';

/** I12: no secret reaches a document, a message or a line of a log. */
export const secrecy: MakeObserver = (_scene, violated) => ({
  committed(changes) {
    for (const { path, after } of changes)
      if (after && holds(after.fields)) violated(`I12: a secret is in ${path}`);
  },
  durable(topic, { attributes, data }) {
    if (holds(attributes) || Buffer.from(data).includes(SECRET))
      violated(`I12: a secret is in a message to ${topic}`);
  },
  logged(line) {
    if (line.includes(SECRET)) violated(`I12: a secret is in the log: ${line.slice(0, 200)}`);
  },
});

function holds(value: FieldValue | Fields): boolean {
  if (typeof value === 'string') return value.includes(SECRET);
  if (value instanceof Uint8Array) return Buffer.from(value).includes(SECRET);
  if (typeof value !== 'object' || value === null || value instanceof Date) return false;
  return Object.values(value).some((part) => holds(part as FieldValue));
}
