import { type Command, InvalidArgumentError, Option } from 'commander';
import { type Duration, milliseconds } from '../shared/contract/duration.ts';
import type { Format } from './output/printer.ts';

export interface OutputOptions {
  readonly output?: Format;
  readonly json?: boolean;
}

/** `-o table|json|jsonl`, and `--json` for short. */
export function withOutput(command: Command): Command {
  return command
    .addOption(
      new Option('-o, --output <format>', 'how to print')
        .choices(['table', 'json', 'jsonl'])
        .default('table'),
    )
    .option('--json', 'the same as -o json');
}

export const formatOf = ({ json, output }: OutputOptions): Format => (json ? 'json' : (output ?? 'table'));

export interface TargetOptions {
  readonly project?: string;
  readonly prefix?: string;
}

/** Which mesh: the one that runs here, unless a project is named. */
export function withTarget(command: Command): Command {
  return command
    .option('--project <id>', 'a Google Cloud project, in place of the mesh that runs here')
    .option('--prefix <prefix>', "what the mesh's resource names begin with (default: mesh)");
}

/** For options and arguments that are whole numbers of at least `least`. */
export function wholeNumber(least: number, most = Number.MAX_SAFE_INTEGER) {
  return (text: string): number => {
    const value = Number(text);
    if (!/^-?\d+$/.test(text) || value < least || value > most) {
      throw new InvalidArgumentError(
        most === Number.MAX_SAFE_INTEGER
          ? `It must be a whole number of at least ${least}.`
          : `It must be a whole number from ${least} to ${most}.`,
      );
    }
    return value;
  };
}

/** For options that are numbers from `least` to `most`. */
export function number(least: number, most = Number.MAX_VALUE) {
  return (text: string): number => {
    const value = Number(text);
    if (text.trim() === '' || !(value >= least && value <= most)) {
      throw new InvalidArgumentError(
        most === Number.MAX_VALUE
          ? `It must be a number of at least ${least}.`
          : `It must be a number from ${least} to ${most}.`,
      );
    }
    return value;
  };
}

/** For options that are lengths of time: `30s`, `5m`. Gives milliseconds. */
function lengthOfTime(text: string): number {
  try {
    return milliseconds(text as Duration);
  } catch {
    throw new InvalidArgumentError('It must be a length of time, such as 500ms, 30s, 5m or 2h.');
  }
}

/** For options that say a time: so long ago (`2h`, `30d`), or a date and time of RFC 3339. */
export function timeAgo(text: string): Date {
  const at = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Date.now() - lengthOfTime(text);
  if (Number.isNaN(at)) {
    throw new InvalidArgumentError(
      'It must be a time, such as 2026-01-31T08:00:00Z, or a length of time, such as 2h.',
    );
  }
  return new Date(at);
}

/** For options that say a time to come: so long from now (`2h`), or a date and time of RFC 3339. */
export function timeAhead(text: string): Date {
  const at = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Date.now() + lengthOfTime(text);
  if (!Number.isNaN(at)) return new Date(at);
  throw new InvalidArgumentError(
    'It must be a time, such as 2026-01-31T08:00:00Z, or a length of time, such as 2h.',
  );
}

/** `--timeout <duration>`, with its default as people write it. */
export function timeoutOption(description: string, byDefault: Duration): Option {
  const option = new Option('--timeout <duration>', description).argParser(lengthOfTime);
  return option.default(milliseconds(byDefault), byDefault);
}

/** For options given several times. */
export function several(text: string, before: readonly string[] = []): string[] {
  return [...before, text];
}

/** For options given several times, `key=value` each. */
export function keyValue(
  text: string,
  before: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('It must be key=value.');
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}
