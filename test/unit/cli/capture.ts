import { Readable } from 'node:stream';
import type { Io } from '../../../cli/io.ts';

/** A command line whose output is kept. */
export function capture({
  stdin = '',
  env = {},
  cwd = '/nowhere',
}: {
  stdin?: string;
  env?: Io['env'];
  cwd?: string;
} = {}) {
  const written = { stdout: '', stderr: '' };
  const sink = (name: keyof typeof written) => ({
    write: (text: string) => {
      written[name] += text;
    },
  });
  const io: Io = {
    stdin: Readable.from([stdin]),
    stdout: sink('stdout'),
    stderr: sink('stderr'),
    env,
    cwd,
  };
  return { io, written };
}
