import { MeshError } from '../../shared/contract/errors.ts';
import type { Json } from '../../shared/contract/json.ts';

/**
 * Reads the part of YAML that Pulumi's files are written in here: maps and lists in block form, plain and quoted scalars,
 * comments. What is beyond is refused, never guessed at.
 *
 * @throws MeshError `ConfigurationInvalid`, naming the file and the line
 */
export function readYaml(text: string, file: string): Json {
  const lines = text.split('\n').flatMap((raw, at): Line[] => {
    const content = withoutComment(raw);
    if (content.trim() === '') return [];
    const indent = content.length - content.trimStart().length;
    return [{ number: at + 1, indent, text: content.trim() }];
  });
  const reader: Reader = { lines, at: 0, file };
  const [first] = lines;
  if (!first) return {};
  const value = readBlock(reader, first.indent);
  const rest = lines[reader.at];
  if (rest) throw unfit(reader, rest, 'is indented otherwise than what it follows');
  return value;
}

interface Line {
  readonly number: number;
  readonly indent: number;
  readonly text: string;
}

interface Reader {
  readonly lines: readonly Line[];
  at: number;
  readonly file: string;
}

type JsonMap = { [key: string]: Json };

function readBlock(reader: Reader, indent: number): Json {
  return reader.lines[reader.at]?.text.startsWith('- ') ? readList(reader, indent) : readMap(reader, indent);
}

function readMap(reader: Reader, indent: number): JsonMap {
  const map: JsonMap = {};
  for (let line = reader.lines[reader.at]; line?.indent === indent; line = reader.lines[reader.at]) {
    // A key may hold a colon, as `agent-mesh:region` does: it ends at one that a space, or the line's end, follows.
    const [, key, value] =
      /^("(?:[^"\\]|\\.)*"|'[^']*'|[^\s"'[{&*!|>%@`][^#]*?):(?:\s+(.*))?$/.exec(line.text) ?? [];
    if (key === undefined) throw unfit(reader, line, 'is no `key: value`');
    const name = String(readScalar(reader, line, key));
    if (Object.hasOwn(map, name)) throw unfit(reader, line, `gives ${name} a second time`);
    reader.at++;
    map[name] = value === undefined ? readNested(reader, indent) : readScalar(reader, line, value);
  }
  return map;
}

function readNested(reader: Reader, indent: number): Json {
  const next = reader.lines[reader.at];
  if (!next) return null;
  // A list may stand as far left as its key.
  if (next.indent > indent || (next.indent === indent && next.text.startsWith('- ')))
    return readBlock(reader, next.indent);
  return null;
}

function readList(reader: Reader, indent: number): Json[] {
  const list: Json[] = [];
  for (let line = reader.lines[reader.at]; line?.indent === indent; line = reader.lines[reader.at]) {
    if (!line.text.startsWith('- ')) break;
    reader.at++;
    list.push(readScalar(reader, line, line.text.slice(2).trim()));
  }
  return list;
}

function readScalar(reader: Reader, line: Line, text: string): Json {
  if (text === '{}') return {};
  if (text === '[]') return [];
  if (text.startsWith('"')) {
    try {
      return JSON.parse(text) as Json;
    } catch {
      throw unfit(reader, line, 'has a quoted text that does not end');
    }
  }
  const [, quoted] = /^'((?:[^']|'')*)'$/.exec(text) ?? [];
  if (quoted !== undefined) return quoted.replaceAll("''", "'");
  if (/^['[{&*!|>%@`]|: /.test(text)) throw unfit(reader, line, 'is written in a form that is not read here');
  if (text === 'true' || text === 'false') return text === 'true';
  if (text === 'null' || text === '~') return null;
  return /^-?(0|[1-9]\d*)(\.\d+)?$/.test(text) ? Number(text) : text;
}

/** A comment begins at a `#` that stands first, or after a space, outside quotes. */
function withoutComment(raw: string): string {
  let quote = '';
  for (let at = 0; at < raw.length; at++) {
    const char = raw[at] ?? '';
    if (quote) {
      if (char === quote) quote = '';
    } else if ((char === '"' || char === "'") && /[\s:-]$/.test(` ${raw.slice(0, at)}`)) quote = char;
    else if (char === '#' && (at === 0 || /\s/.test(raw[at - 1] ?? ''))) return raw.slice(0, at).trimEnd();
  }
  return raw.trimEnd();
}

function unfit({ file }: Reader, { number, text }: Line, message: string): MeshError {
  return new MeshError('ConfigurationInvalid', `${file}:${number}: ${JSON.stringify(text)} ${message}`, {
    field: file,
    hint: 'Write maps and lists on lines of their own, and put odd text in double quotes.',
  });
}
