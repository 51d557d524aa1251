/**
 * Orders strings by their UTF-8 bytes, as Firestore does, without encoding them. UTF-16 order, JavaScript's own, differs in one
 * place only: surrogates (U+10000 and up) come before U+E000..U+FFFF there, and after them in UTF-8. Up to `from` they are known to be
 * the same.
 */
export function compareUtf8(a: string, b: string, from = 0): number {
  if (a === b) return 0;
  const shared = Math.min(a.length, b.length);
  for (let index = from; index < shared; index++) {
    const left = a.charCodeAt(index);
    const right = b.charCodeAt(index);
    if (left !== right) {
      const leftHigh = isSurrogate(left);
      return leftHigh === isSurrogate(right) ? left - right : leftHigh ? 1 : -1;
    }
  }
  return a.length - b.length;
}

function isSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdfff;
}

/** Whether `text` takes more than `limit` bytes in UTF-8; short texts are not counted. */
export function exceedsUtf8(text: string, limit: number): boolean {
  return text.length * 3 > limit && Buffer.byteLength(text) > limit;
}
