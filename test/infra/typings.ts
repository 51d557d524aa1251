import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { GraphResource } from '../../infra/preview/graph.ts';
import type { Json } from '../../shared/contract/json.ts';

/**
 * The values that the provider says an argument may have, mined from the comments of its typings: `tsc` sees a string there, and the
 * cloud refuses any other when it is too late.
 */
const PROVIDER = dirname(createRequire(import.meta.url).resolve('@pulumi/gcp/package.json'));
const nestedTypings = readFileSync(join(PROVIDER, 'types/input.d.ts'), 'utf8');

/** An argument: what it may be, and the type of what is in it. */
interface Argument {
  readonly values?: ReadonlySet<string>;
  readonly nested?: string;
}
type Arguments = ReadonlyMap<string, Argument>;

const interfaces = new Map<string, Arguments>();

/** Each argument of a resource that has to be one of some values, and is another: `path is x, not one of a, b`. */
export function misfits({ type, name, inputs }: GraphResource): {
  readonly misfits: string[];
  readonly checked: number;
} {
  const found: string[] = [];
  let checked = 0;
  const walk = (value: Json, known: Arguments, path: string): void => {
    if (Array.isArray(value)) for (const item of value) walk(item, known, path);
    else if (typeof value === 'object' && value !== null) {
      for (const [key, field] of Object.entries(value)) {
        const argument = known.get(key);
        if (argument?.nested) walk(field, nestedArguments(argument.nested), `${path}.${key}`);
        for (const one of argument?.values ? [field].flat() : []) {
          checked++;
          if (typeof one === 'string' && !argument?.values?.has(one))
            found.push(
              `${type} ${name}${path}.${key} is ${one}, not one of ${[...(argument?.values ?? [])].join(', ')}`,
            );
        }
      }
    }
  };
  walk({ ...inputs }, argumentsOf(type), '');
  return { misfits: found, checked };
}

/** `gcp:pubsub/topic:Topic` is in `pubsub/topic.d.ts`. */
function argumentsOf(type: string): Arguments {
  const [, module, file, name] = /^gcp:([^/]+)\/([^:]+):(.+)$/.exec(type) ?? [];
  if (module === undefined || file === undefined) return new Map();
  return remembered(type, () => {
    // A file is called as its type but for capitals, and what would be called index is called otherwise.
    const wanted = new Set([`${file}.d.ts`.toLowerCase(), `${file}_.d.ts`.toLowerCase()]);
    const files = readdirSync(join(PROVIDER, module)).filter((each) => wanted.has(each.toLowerCase()));
    const found = files
      .map((each) => readFileSync(join(PROVIDER, module, each), 'utf8'))
      .find((text) => text.includes(`interface ${name}Args `));
    if (!found) throw new Error(`no typings of ${type}`);
    return readInterface(found, `interface ${name}Args {`, '\n}');
  });
}

/** `cloudrunv2.ServiceTemplate` is an interface in the namespace of its module. */
function nestedArguments(reference: string): Arguments {
  return remembered(reference, () => {
    const [module, name] = reference.split('.');
    const namespace = nestedTypings.indexOf(`export declare namespace ${module} {`);
    if (namespace < 0) throw new Error(`no typings of ${reference}`);
    return readInterface(nestedTypings.slice(namespace), `interface ${name} {`, '\n    }');
  });
}

function remembered(key: string, read: () => Arguments): Arguments {
  const known = interfaces.get(key) ?? read();
  interfaces.set(key, known);
  return known;
}

function readInterface(text: string, opening: string, closing: string): Arguments {
  const begin = text.indexOf(opening) + opening.length;
  const body = text.slice(begin, text.indexOf(closing, begin));
  const parts = body.matchAll(/(?:\/\*\*((?:(?!\*\/)[\s\S])*)\*\/)?\s*(\w+)\??: ([^;]+);/g);
  return new Map(
    [...parts].map(([, comment = '', name = '', type = '']): [string, Argument] => {
      const values = valuesIn(comment.replaceAll(/\n\s*\*/g, ' '));
      const nested = /inputs\.(\w+\.\w+)/.exec(type)?.[1];
      return [name, { ...(values && { values }), ...(nested !== undefined && { nested }) }];
    }),
  );
}

/** ``Possible values are: `A`, `B`.`` */
function valuesIn(comment: string): ReadonlySet<string> | undefined {
  const [, told] =
    /(?:Possible|Valid|Allowed|Acceptable) values(?: are| include)?:?((?:\s*(?:,|or|and)?\s*(?:`[^`]+`|"[^"]+"))+)/i.exec(
      comment,
    ) ?? [];
  if (told === undefined) return undefined;
  const values = [...told.matchAll(/`([^`]+)`|"([^"]+)"/g)].map(([, a, b]) =>
    (a ?? b ?? '').replaceAll('"', ''),
  );
  return values.length > 1 ? new Set(values) : undefined;
}
