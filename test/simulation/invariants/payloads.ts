import { blobPath } from '../../../shared/contract/names.ts';
import type { Fields, FieldValue } from '../../../shared/contract/store.ts';
import type { MakeObserver } from '../world/observer.ts';

/** I3, I6: whatever holds a claim check, a document or a message, the payload is there by then, and stays. */
export const payloads: MakeObserver = ({ documents }, violated) => {
  const promised = new Set<string>();
  const check = (text: string, where: string) => {
    for (const sha256 of claimed(text)) {
      promised.add(sha256);
      if (!documents.has(blobPath(sha256))) violated(`I6: ${where} refers to a payload that is not there`);
    }
  };
  return {
    committed(changes) {
      for (const { path, after } of changes) {
        if (path.startsWith('blobs/')) {
          if (!after && promised.has(path.slice('blobs/'.length))) violated(`I3: ${path} is gone`);
          continue;
        }
        for (const text of textsIn(after?.fields ?? {})) check(text, path);
      }
    },
    sent(topic, messages) {
      for (const { data } of messages) check(Buffer.from(data).toString(), `a message to ${topic}`);
    },
  };
};

/** However deep the JSON stands in other JSON. */
function* claimed(text: string): Generator<string> {
  if (!text.includes('mesh.claimCheck')) return;
  for (const [, sha256 = ''] of text.matchAll(/mesh\.claimCheck\\*":\{\\*"sha256\\*":\\*"([0-9a-f]{64})/g))
    yield sha256;
}

function* textsIn(value: FieldValue | Fields): Generator<string> {
  if (typeof value === 'string') yield value;
  if (typeof value !== 'object' || value === null || value instanceof Date || value instanceof Uint8Array)
    return;
  for (const part of Object.values(value)) yield* textsIn(part as FieldValue);
}
