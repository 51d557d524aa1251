/** What stands where a secret stood. */
export const REDACTED = '[redacted]';

/** Names of fields whose text is taken for a secret, whatever it is. */
const SECRET_NAME = /secret|token|password|passwd|authorization|cookie|credential|signature|key$/i;
/** Names that end in "key", but name a thing. */
const HARMLESS_KEY = /^(idempotency|ordering|message|state|run|partition|primary|foreign)_?key$/i;
/** A digest of ours (`contract/keys.ts`), a UUID. */
const DIGEST = /^([0-9a-v]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;
/** A shorter value would be found in every other word. */
const SHORTEST_SECRET = 4;
const DEEPEST = 8;
const LONGEST_TEXT = 8_192;

/** Keeps secrets out of logs (I12): by the names of fields, and by the values that it has been told of, wherever they appear. */
export class Redactor {
  /** Longest first: one may be the beginning of another. */
  #values: readonly string[] = [];

  /** Takes note of a secret's value, and of the forms in which it travels. */
  learn(value: string): void {
    const forms = [
      value,
      value.trim(),
      encodeURIComponent(value.toWellFormed()),
      Buffer.from(value).toString('base64'),
    ];
    const known = new Set([...this.#values, ...forms.filter((form) => form.length >= SHORTEST_SECRET)]);
    this.#values = [...known].sort((a, b) => b.length - a.length);
    for (const part of secretParts(value)) this.learn(part);
  }

  /** The text without the values that are known. */
  text(text: string): string {
    let clean = text;
    for (const value of this.#values) clean = clean.replaceAll(value, REDACTED);
    return clean.length > LONGEST_TEXT ? `${clean.slice(0, LONGEST_TEXT)}…` : clean;
  }

  /** A copy of any value that JSON can carry, without what is or may be a secret. */
  redact(value: unknown): unknown {
    return this.#copy(value, '', []);
  }

  #copy(value: unknown, name: string, above: readonly object[]): unknown {
    switch (typeof value) {
      case 'string':
        return isSecretName(name) && value !== '' && !DIGEST.test(value) ? REDACTED : this.text(value);
      case 'bigint':
      case 'symbol':
        return String(value);
      case 'function':
        return undefined;
      case 'object':
        return value === null ? null : this.#copyObject(value, name, above);
      default:
        return value;
    }
  }

  #copyObject(value: object, name: string, above: readonly object[]): unknown {
    if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
    if (ArrayBuffer.isView(value)) return `<${value.byteLength} bytes>`;
    if (above.includes(value)) return '[circular]';
    if (above.length === DEEPEST) return '[too deep]';
    const path = [...above, value];
    if (Array.isArray(value)) return value.map((item) => this.#copy(item, name, path));
    if (value instanceof Map) return this.#copyEntries(value.entries(), name, path);
    if (value instanceof Set) return [...value].map((item) => this.#copy(item, name, path));
    if (value instanceof Error) return this.#copyEntries(errorEntries(value), name, path);
    return this.#copyEntries(Object.entries(value), name, path);
  }

  #copyEntries(entries: Iterable<[unknown, unknown]>, name: string, path: readonly object[]): object {
    const copy: [string, unknown][] = [];
    for (const [key, item] of entries) {
      const own = String(key);
      // What is below a secret's name is secret too.
      copy.push([this.text(own), this.#copy(item, isSecretName(name) ? name : own, path)]);
    }
    return Object.fromEntries(copy);
  }
}

function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name) && !HARMLESS_KEY.test(name);
}

/** A secret that is itself JSON, such as a service account's key: the fields that are secret by their names. */
function secretParts(value: string): string[] {
  if (!value.trimStart().startsWith('{')) return [];
  try {
    return Object.entries(JSON.parse(value) as object).flatMap(([name, part]) =>
      typeof part === 'string' && isSecretName(name) ? [part] : [],
    );
  } catch {
    return [];
  }
}

/** What a log tells of an error: no stack, which stands beside it, and none of the odds and ends that clients hang on it. */
function errorEntries(error: Error): [string, unknown][] {
  const { name, message, cause } = error;
  const known = ['code', 'reason', 'field', 'hint', 'status', 'statusCode'].flatMap(
    (key): [string, unknown][] => {
      const value: unknown = Reflect.get(error, key);
      return value === undefined ? [] : [[key, value]];
    },
  );
  return [
    ['name', name],
    ['message', message],
    ...known,
    ...(cause === undefined ? [] : ([['cause', cause]] as [string, unknown][])),
  ];
}
