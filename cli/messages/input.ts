import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { MeshError } from '../../shared/contract/errors.ts';
import type { Json } from '../../shared/contract/json.ts';
import type { Io } from '../io.ts';

/**
 * The JSON that an argument gives: itself, a file's (`@order.json`), or that of the standard input (`-`).
 *
 * @throws MeshError `NotJson`, `NotFound` for a file that can't be read, `UsageInvalid` where it is left out
 */
export async function readJson(argument: string | undefined, { stdin }: Pick<Io, 'stdin'>): Promise<Json> {
  if (argument === undefined) {
    throw new MeshError('UsageInvalid', 'the data of the message is missing', {
      field: 'data',
      hint: 'Give it as JSON, as a file (@order.json), or on the standard input (-). For a message without data: null',
    });
  }
  const [from, json] = await sourceOf(argument, stdin);
  try {
    return JSON.parse(json) as Json;
  } catch (cause) {
    throw new MeshError('NotJson', `${from} is not JSON: ${(cause as Error).message}`, {
      field: 'data',
      hint: 'Correct it; in a shell, put JSON in single quotes.',
      cause,
    });
  }
}

async function sourceOf(argument: string, stdin: Io['stdin']): Promise<[from: string, json: string]> {
  if (argument === '-') return ['the standard input', await text(stdin)];
  if (!argument.startsWith('@')) return ['the argument', argument];
  const path = argument.slice(1);
  try {
    return [path, await readFile(path, 'utf8')];
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new MeshError('NotFound', `the file ${JSON.stringify(path)} can't be read (${code})`, {
      field: 'data',
      cause,
    });
  }
}
