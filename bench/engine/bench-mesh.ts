import { join } from 'node:path';
import { type LocalMesh, startLocalMesh } from '../../cli/local/local-mesh.ts';
import { compose } from '../../cli/messages/compose.ts';
import { runPath } from '../../shared/contract/names.ts';
import { createPorts, type GooglePorts } from '../../shared/gcp/index.ts';
import { decodeRun, type Entry, type RunRecord, readHistory } from '../../shared/workflow/index.ts';

const LOOK_MS = 10;

/** The agents of this folder on the local cloud, each a process of its own, driven through the real clients. */
export class BenchMesh {
  readonly #mesh: LocalMesh;
  readonly #ports: GooglePorts;

  private constructor(mesh: LocalMesh, ports: GooglePorts) {
    this.#mesh = mesh;
    this.#ports = ports;
  }

  static async start(): Promise<BenchMesh> {
    const agents = join(import.meta.dirname, 'agents');
    const mesh = await startLocalMesh({ project: 'demo-bench', prefix: 'bench', agents, env: {} });
    const deployment = {
      project: 'demo-bench',
      prefix: 'bench',
      agent: 'bench',
      callers: [],
      queue: '',
      database: '(default)',
    };
    return new BenchMesh(mesh, createPorts(deployment, { env: { ...mesh.env, LOG_LEVEL: 'silent' } }));
  }

  /** The whole history of a run. */
  history(run: RunRecord): Promise<readonly Entry[]> {
    return readHistory(this.#ports.store, run);
  }

  /** Requests that Firestore has answered since `resetCalls`, by method. */
  get calls(): Readonly<Record<string, number>> {
    return { ...this.#mesh.cloud.firestore?.calls };
  }

  resetCalls(): void {
    this.#mesh.cloud.firestore?.resetCalls();
  }

  /** Starts runs, `concurrency` at a time, and resolves when all have ended. */
  async runAll(
    workflow: string,
    inputs: readonly object[],
    concurrency: number,
  ): Promise<readonly RunRecord[]> {
    const waiting = [...inputs];
    const open = new Set<string>();
    const ended: RunRecord[] = [];
    while (waiting.length + open.size > 0) {
      const next = waiting.splice(0, concurrency - open.size).map((data) => this.#compose(workflow, data));
      if (next.length > 0)
        await this.#ports.bus.publish(
          'bench-flow',
          next.map(({ wire }) => wire),
        );
      for (const { runId } of next) if (runId) open.add(runId);
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      const over = await this.#ended([...open]);
      for (const runId of over) open.delete(runId);
      const documents = await this.#ports.store.read(over.map(runPath));
      ended.push(...documents.flatMap((document) => (document ? [decodeRun(document)] : [])));
    }
    return ended;
  }

  /** Which of the runs have ended. Looked up in the local Firestore itself: asking it by requests would be part of what is measured. */
  async #ended(runIds: readonly string[]): Promise<string[]> {
    const database = this.#mesh.cloud.firestore?.store.database('demo-bench');
    const found = await database?.get(runIds.map(runPath));
    return runIds.filter((_, at) => found?.documents[at]?.fields.has('endedAt'));
  }

  #compose(workflow: string, data: object) {
    const contract = this.#mesh.topology.functions.find(({ agent }) => agent === 'flow')?.contract;
    if (!contract) throw new Error('the bench has no agent flow');
    return compose({ contract, type: workflow, data: data as never, prefix: 'bench', now: new Date() });
  }

  async close(): Promise<void> {
    await this.#ports.close();
    await this.#mesh.close();
  }
}
