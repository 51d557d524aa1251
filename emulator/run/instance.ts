/** An HTTP request to a function, body and all. */
export interface FunctionRequest {
  readonly method: string;
  /** Path and query, below the service: `/`, `/v1?x=1`. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: Uint8Array;
}

export interface FunctionResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: Uint8Array;
}

/** A function to run, as Cloud Run is told of it. */
export interface FunctionSpec {
  /** The service's name: the first part of its URL's path. */
  readonly name: string;
  /** The target that the source registers with the functions framework. */
  readonly target: string;
  /** Path of the source file. */
  readonly source: string;
  /** What its container is started with, `node` first, in the folder of the source. Left out: the framework's command loads the source. */
  readonly command?: readonly string[];
  /** The whole environment of the process, but for what Cloud Run itself sets. */
  readonly env: Readonly<Record<string, string>>;
}

/** What an instance tells of itself, in order: at most one `ready`, then one `exited`, and nothing after it. */
export interface InstanceEvents {
  ready(): void;
  /** The process is gone, or could not be started; `reason` says how, for people. */
  exited(reason: string): void;
  /** A line that it wrote, without its end. */
  line(text: string, stream: 'stdout' | 'stderr'): void;
}

/** One process of a function. */
export interface Instance {
  readonly pid: number | undefined;
  /** Rejects when the connection breaks, or with the signal's reason. */
  forward(request: FunctionRequest, signal: AbortSignal): Promise<FunctionResponse>;
  /** Asks it to end (SIGTERM). */
  terminate(): void;
  /** Ends it (SIGKILL). */
  kill(): void;
}

/** Starts an instance. Never throws: what fails is reported as an exit. */
export type StartInstance = (spec: FunctionSpec, events: InstanceEvents) => Instance;
