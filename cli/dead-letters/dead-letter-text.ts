import type { DeadLetterRecord } from '../../agents/dead-letters/contract.ts';
import type { Json } from '../../shared/contract/json.ts';
import type { Palette } from '../output/palette.ts';

/** The bytes as JSON where they are JSON, else as text where they are text, else as neither. */
export function readable(bytes: Uint8Array): { readonly json?: Json; readonly text?: string } {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return {};
  }
  try {
    return { json: JSON.parse(text) as Json };
  } catch {
    return { text };
  }
}

/** A dead letter as `mesh dead-letters show` prints it. */
export function deadLetterText(record: DeadLetterRecord, bytes: Uint8Array, palette: Palette): string {
  const { bold, red, cyan } = palette;
  const { original } = record;
  const facts: [string, string | undefined][] = [
    ['id', record.id],
    ['agent', record.agent],
    ['type', record.type],
    ['code', red(record.code)],
    ['message', record.message],
    ['field', record.field],
    ['reason', record.reason],
    ...(record.earlier ?? []).map(({ code, message }): [string, string] => [
      'died before of',
      `${code}: ${message}`,
    ]),
    ['attempts', String(record.attempts)],
    ['status', record.redrives > 0 ? `${record.status} (redriven ${record.redrives} times)` : record.status],
    ['first seen', record.firstSeen],
    ['last seen', record.lastSeen],
  ];
  const lines = (pairs: readonly (readonly [string, string | undefined])[]) => {
    const width = Math.max(...pairs.map(([name]) => name.length));
    return pairs.flatMap(([name, value]) =>
      value === undefined ? [] : [`${bold(name.padEnd(width))}  ${value}`],
    );
  };
  const { json, text } = readable(bytes);
  const { meshsealed, meshtenant } = original.attributes;
  const data =
    meshsealed !== undefined
      ? `(encrypted, for the tenant ${meshtenant})`
      : json === undefined
        ? (text ?? `(${bytes.byteLength} bytes, not text; see -o json)`)
        : JSON.stringify(json, null, 2);
  return [
    ...lines(facts),
    '',
    cyan('The original'),
    ...lines([
      ['message id', original.messageId],
      ['published', original.publishTime],
      ['ordering key', original.orderingKey],
      ...Object.entries(original.attributes),
    ]),
    '',
    data,
  ].join('\n');
}
