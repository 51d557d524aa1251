import { isNaNValue, type Value } from '../value.ts';

const SURROGATES = 0xd800;

/**
 * A number that never falls where values of one class rise (order.ts): values whose ranks differ need not be compared any closer, which
 * is most of the time that it takes to sort many.
 */
export function rankOf(value: Value): number {
  switch (value.type) {
    case 'boolean':
      return Number(value.value);
    case 'integer':
    case 'double':
      // NaN is before all numbers.
      return isNaNValue(value) ? Number.NEGATIVE_INFINITY : Number(value.value);
    case 'timestamp':
      return value.seconds;
    case 'string':
      return rankOfText(value.value);
    default:
      return 0;
  }
}

/** Of the first three characters. From U+D800 on the order of UTF-16 is not that of UTF-8 (utf8.ts): there it ends. */
function rankOfText(text: string): number {
  let rank = 0;
  let ended = false;
  for (let at = 0; at < 3; at++) {
    const unit: number = ended || at >= text.length ? -1 : Math.min(text.charCodeAt(at), SURROGATES);
    ended ||= unit === SURROGATES;
    rank = rank * 0x1_0000 + unit + 1;
  }
  return rank;
}
