const ESCAPE = '\u001b';
/** The colours that a `Palette` writes. */
const COLOUR = new RegExp(`^${ESCAPE}\\[\\d+m`);

/** Text from outside, so that it can't steer the terminal: control characters are shown as `\x07`, but for line breaks and tabs. */
export function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, (char, at: number) =>
    char === '\n' || char === '\t' || (char === ESCAPE && COLOUR.test(text.slice(at, at + 8)))
      ? char
      : `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}
