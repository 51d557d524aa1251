/** One way in which a method is called over HTTP (https://github.com/googleapis/googleapis/blob/master/google/api/http.proto). */
export interface HttpRule {
  readonly verb: string;
  readonly path: RegExp;
  /** The fields that the path's groups set, in order; a dot leads into a message. */
  readonly variables: readonly string[];
  /** The field that the body is, `*` for the whole request; undefined where there is no body. */
  readonly body: string | undefined;
}

const VERBS = ['get', 'put', 'post', 'delete', 'patch'] as const;

type Binding = Readonly<Record<string, unknown>>;

/** The rules in a method's options, as protobufjs parses them. */
export function httpRulesOf(options: readonly Binding[] = []): HttpRule[] {
  const binding = options.find((option) => '(google.api.http)' in option)?.['(google.api.http)'];
  if (!isBinding(binding)) return [];
  const more = binding.additional_bindings ?? [];
  const bindings = [binding, ...(Array.isArray(more) ? more : [more])].filter(isBinding);
  return bindings.flatMap((each) => {
    const verb = VERBS.find((name) => typeof each[name] === 'string');
    return verb ? [httpRule(verb.toUpperCase(), String(each[verb]), each.body as string | undefined)] : [];
  });
}

/** `/v1/{topic=projects/*\/topics/*}:publish` and its like. */
export function httpRule(verb: string, template: string, body: string | undefined): HttpRule {
  const variables: string[] = [];
  const path = template.replaceAll(
    /\{([^=}]+)(?:=([^}]*))?\}|\*\*|\*|[.+?^$()|[\]\\]/g,
    (part, name, pattern = '*') => {
      if (name === undefined) return part.startsWith('*') ? segments(part) : `\\${part}`;
      variables.push(camelPath(name));
      return `(${segments(pattern)})`;
    },
  );
  return {
    verb,
    path: new RegExp(`^${path}$`),
    variables,
    body: body === undefined ? body : camelPath(body),
  };
}

/** A last segment holds no colon, as the id of a project may: what follows one is the verb. `**` is any number of segments, none too. */
function segments(pattern: string): string {
  return pattern
    .split('/')
    .map((part) => (part === '**' ? '.+' : part === '*' ? '(?:[^/:]|:(?=[^/]*/))+' : part))
    .join('/')
    .replace(/\/\.\+$/, '(?:/.+)?');
}

function camelPath(path: string): string {
  return path.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function isBinding(value: unknown): value is Binding {
  return typeof value === 'object' && value !== null;
}
