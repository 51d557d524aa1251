import { StatusError } from '../wire/status.ts';

/** A token of the filter language, with its byte-free column for error messages (0-based). */
export interface Token {
  readonly kind: 'word' | 'string' | 'symbol' | 'end';
  /** A word or symbol as written; a string with its escapes resolved. */
  readonly text: string;
  readonly at: number;
}

const SPACE = /\s+/y;
const WORD = /[A-Za-z0-9_][A-Za-z0-9_-]*/y;
const SYMBOL = /!=|[():=.,-]/y;
const STRING = /"((?:[^"\\\n]|\\[^\n])*)"/y;
const ESCAPE =
  /\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|([0-7]{3})|([abfnrtv\\'"?`])|(.))/gs;
const NAMED_ESCAPES: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

/** Cuts a filter into tokens; the last one is `end`. */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const take = (rule: RegExp) => {
    rule.lastIndex = at;
    const match = rule.exec(text);
    if (match) at = rule.lastIndex;
    return match;
  };
  while (at < text.length) {
    if (take(SPACE)) continue;
    const start = at;
    const word = take(WORD);
    if (word) {
      tokens.push({ kind: 'word', text: word[0], at: start });
      continue;
    }
    const symbol = take(SYMBOL);
    if (symbol) {
      tokens.push({ kind: 'symbol', text: symbol[0], at: start });
      continue;
    }
    const string = take(STRING);
    if (!string)
      throw filterError(start, text[start] === '"' ? 'unterminated string' : `unexpected "${text[start]}"`);
    tokens.push({ kind: 'string', text: unescapeString(string[1] ?? '', start), at: start });
  }
  tokens.push({ kind: 'end', text: 'end of filter', at: text.length });
  return tokens;
}

/** INVALID_ARGUMENT for a filter, naming the column (1-based). */
export function filterError(at: number, what: string): StatusError {
  return new StatusError(
    'INVALID_ARGUMENT',
    `You have passed an invalid argument to the service (argument=filter: ${what} at column ${at + 1}).`,
  );
}

function unescapeString(body: string, at: number): string {
  return body.replaceAll(ESCAPE, (sequence, x, u, wide, octal, named) => {
    const hex: string | undefined = x ?? u ?? wide;
    const isCode = hex !== undefined || octal !== undefined;
    const code = Number.parseInt(hex ?? octal, hex === undefined ? 8 : 16);
    if (isCode && code <= 0x10ffff) return String.fromCodePoint(code);
    if (isCode || named === undefined) throw filterError(at, `invalid escape sequence ${sequence}`);
    return NAMED_ESCAPES[named] ?? named;
  });
}
