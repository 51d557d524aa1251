import type { Debugger, InspectorNotification } from 'node:inspector';

/** What the thread is given. All of it can be copied, or is shared memory. */
export interface WatchdogData {
  /** The number of the turn, odd while one is under way; and the length of the name of its run. */
  readonly turn: Int32Array;
  /** The name of the run, in UTF-8. */
  readonly name: Uint8Array;
  /** A turn is stuck that computed for so long, over at least as many looks; or that went on for `mostLooks`, computing or not. */
  readonly budget: { readonly lookMs: number; readonly computedMs: number; readonly mostLooks: number };
  /** Where documents are patched over HTTP, up to the path of the document. */
  readonly documents: {
    readonly url: string;
    readonly headers: Readonly<Record<string, string>>;
    /** Where a token is had first; left out where none is needed. */
    readonly tokenUrl?: string;
  };
  readonly agent: string;
  readonly build?: string | undefined;
  /** Files below are no workflow code; empty where that can't be told. */
  readonly engine: string;
}

/**
 * The thread that watches the turns of workflow code. Its source text is all that it is started with, so that a bundle needs no second
 * file: it refers to nothing outside of itself.
 *
 * It looks at shared memory. A turn that does not end is named by its stack, marked on the document of its run, and ended with the
 * process: nothing else can end a loop that never yields. Other messages of the instance are delivered again.
 */
export function watchdogThread(): void {
  const { writeSync } = process.getBuiltinModule('node:fs');
  const { Session } = process.getBuiltinModule('node:inspector');
  const { workerData } = process.getBuiltinModule('node:worker_threads');
  const { turn, name, budget, documents, agent, build, engine } = workerData as WatchdogData;

  const computed = () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1_000;
  };

  const sleep = new Int32Array(new SharedArrayBuffer(4));

  /** Waits for a turn that is stuck. Its number. */
  function stuckTurn(): number {
    let watched = 0;
    let looks = 0;
    let before = 0;
    for (;;) {
      const now = Atomics.load(turn, 0);
      if (now % 2 === 0 || now !== watched) {
        watched = now;
        looks = 0;
        before = computed();
      } else {
        looks += 1;
        // Looks, not time: a process that is frozen, or gets no processor, is not stuck.
        const busy = computed() - before >= budget.computedMs && looks * budget.lookMs >= budget.computedMs;
        if (busy || looks >= budget.mostLooks) return now;
      }
      // Nobody ever notifies this: it is a sleep.
      Atomics.wait(sleep, 0, 0, budget.lookMs);
    }
  }

  /** The files of the process, by what the debugger calls them: a frame does not always name its own. */
  const scripts = new Map<string, string>();

  /** Stops the main thread. The stack where it stands; empty where it would not stop. */
  async function stop(
    session: InstanceType<typeof Session>,
    how: 'Debugger.pause' | 'Debugger.stepInto',
  ): Promise<readonly Debugger.CallFrame[]> {
    const { promise, resolve } = Promise.withResolvers<readonly Debugger.CallFrame[]>();
    const stopped = ({ params }: InspectorNotification<Debugger.PausedEventDataType>) =>
      resolve(params.callFrames);
    session.once('Debugger.paused', stopped);
    session.post(how);
    // It also keeps this thread alive until the answer comes: a session does not.
    const patience = setTimeout(() => resolve([]), 5_000);
    const frames = await promise;
    clearTimeout(patience);
    session.removeListener('Debugger.paused', stopped);
    return frames;
  }

  function lineOf(frames: readonly Debugger.CallFrame[]): string | undefined {
    for (const { location } of frames) {
      const file = (scripts.get(location.scriptId) ?? '').replace(/^file:\/\//, '');
      if (!file || file.startsWith('node:') || (engine && file.startsWith(engine))) continue;
      return `${file}:${location.lineNumber + 1}`;
    }
    return undefined;
  }

  async function headers(): Promise<Record<string, string>> {
    const known = { ...documents.headers, 'content-type': 'application/json' };
    if (!documents.tokenUrl) return known;
    const asked = { 'metadata-flavor': 'Google' };
    const answer = await fetch(documents.tokenUrl, { headers: asked, signal: AbortSignal.timeout(5_000) });
    const { access_token: token } = (await answer.json()) as { access_token: string };
    return { ...known, authorization: `Bearer ${token}` };
  }

  async function mark(runId: string, line: string | undefined): Promise<string> {
    const text = (stringValue: string) => ({ stringValue });
    const fields = {
      at: { timestampValue: new Date().toISOString() },
      ...(build !== undefined && { build: text(build) }),
      ...(line !== undefined && { line: text(line) }),
    };
    const query = 'updateMask.fieldPaths=stuck&currentDocument.exists=true';
    const answer = await fetch(`${documents.url}/workflows/${runId}?${query}`, {
      method: 'PATCH',
      headers: await headers(),
      body: JSON.stringify({ fields: { stuck: { mapValue: { fields } } } }),
      signal: AbortSignal.timeout(5_000),
    });
    return answer.ok ? 'marked' : `not marked: ${answer.status}`;
  }

  async function report(watched: number): Promise<void> {
    const runId = Buffer.from(name.slice(0, Atomics.load(turn, 1))).toString();
    const session = new Session();
    session.connectToMainThread();
    session.on('Debugger.scriptParsed', ({ params }) => scripts.set(params.scriptId, params.url));
    session.post('Debugger.enable');
    let line: string | undefined;
    let stopped = false;
    for (let tries = 0; tries < 10 && line === undefined; tries++) {
      // Between two microtasks there is no line of the workflow on the stack: one step further there is.
      const frames = await stop(session, stopped ? 'Debugger.stepInto' : 'Debugger.pause');
      stopped = frames.length > 0;
      line = lineOf(frames);
      // It came to rest at the last moment.
      if (Atomics.load(turn, 0) !== watched) {
        session.post('Debugger.resume');
        session.disconnect();
        return;
      }
    }
    const marked = await mark(runId, line).catch((error) => `not marked: ${error}`);
    const message = `workflow code did not come to rest, and is ended with its instance`;
    const metadata = { agent, code: 'WorkflowStuck', runId, line, marked };
    writeSync(2, `${JSON.stringify({ severity: 'CRITICAL', message, metadata })}\n`);
    process.kill(process.pid, 'SIGKILL');
  }

  async function go(): Promise<never> {
    for (;;) await report(stuckTurn());
  }
  void go();
}
