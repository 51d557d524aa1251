import { createWriteStream, mkdirSync, type WriteStream } from 'node:fs';
import { join } from 'node:path';
import type { LogLine } from '../../emulator/run/server.ts';

export type Severity = 'DEBUG' | 'INFO' | 'WARNING' | 'ERROR';

/** What a line says, for people. */
export interface LogEntry {
  readonly agent: string;
  readonly severity: Severity;
  readonly message: string;
}

const RANK: Readonly<Record<string, number>> = { DEBUG: 0, INFO: 1, WARNING: 2, ERROR: 3 };

/** The agents' logs: each agent's lines in a file of its own, and what is serious enough shown. */
export class AgentLogs {
  readonly directory: string;
  readonly #show: (entry: LogEntry) => void;
  readonly #files = new Map<string, WriteStream>();
  /** The least severity that is shown; undefined shows nothing. */
  least: Severity | undefined = 'WARNING';

  /** Each file begins anew. */
  constructor(directory: string, show: (entry: LogEntry) => void) {
    mkdirSync(directory, { recursive: true });
    this.directory = directory;
    this.#show = show;
  }

  write({ service, stream, text }: LogLine): void {
    const prefix = stream === 'run' ? 'run: ' : '';
    this.#fileOf(service).write(`${prefix}${text}\n`);
    const entry = entryOf(service, stream, text);
    if (this.least !== undefined && (RANK[entry.severity] ?? 1) >= (RANK[this.least] ?? 0)) this.#show(entry);
  }

  async close(): Promise<void> {
    const files = [...this.#files.values()];
    this.#files.clear();
    await Promise.all(files.map((file) => new Promise<void>((resolve) => file.end(resolve))));
  }

  #fileOf(agent: string): WriteStream {
    let file = this.#files.get(agent);
    if (!file) {
      file = createWriteStream(join(this.directory, `${agent}.log`));
      this.#files.set(agent, file);
    }
    return file;
  }
}

/** Reads a line of Cloud Logging's JSON; anything else on stderr, or about an instance that died, is a warning. */
export function entryOf(agent: string, stream: LogLine['stream'], text: string): LogEntry {
  try {
    const { severity, message, metadata } = JSON.parse(text) as Readonly<Record<string, unknown>>;
    if (typeof severity === 'string' && typeof message === 'string') {
      const known = severity in RANK ? (severity as Severity) : severity === 'CRITICAL' ? 'ERROR' : 'INFO';
      return { agent, severity: known, message: `${firstLine(message)}${codeIn(metadata)}` };
    }
  } catch {
    // Not one of the agent's own entries: a stack that Node printed, say.
  }
  const serious = stream === 'stderr' || (stream === 'run' && !/ended with exit code 0$|SIGTERM$/.test(text));
  return { agent, severity: serious ? 'WARNING' : 'INFO', message: text };
}

/** The stack is in the file. */
const firstLine = (message: string) => message.split('\n', 1)[0] ?? '';

function codeIn(metadata: unknown): string {
  const code =
    typeof metadata === 'object' && metadata !== null && 'code' in metadata ? metadata.code : undefined;
  return typeof code === 'string' ? ` (${code})` : '';
}
