import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { type LocalMesh, startLocalMesh } from '../../cli/local/local-mesh.ts';
import { type Flow, restock, wake } from '../../cli/local/sample-flow.ts';
import { compose } from '../../cli/messages/compose.ts';
import { SOURCE } from '../../cli/target.ts';
import { encodeMessage } from '../../shared/contract/envelope.ts';
import type { Json } from '../../shared/contract/json.ts';
import { SIGNAL } from '../../shared/contract/message.ts';
import { runPath, topicOf } from '../../shared/contract/names.ts';
import { createPorts, type GooglePorts } from '../../shared/gcp/index.ts';
import { decodeRun, type Entry, type RunRecord, readHistory } from '../../shared/workflow/index.ts';
import { processorMs } from './processor.ts';
import { TrafficCounter } from './traffic.ts';

const LOOK_MS = 10;
const PROJECT = 'demo-bench';
const PREFIX = 'bench';

/** Agents on the local cloud, each a process of its own, driven through the real clients. */
export class BenchMesh {
  readonly traffic: TrafficCounter;
  readonly #mesh: LocalMesh;
  readonly #ports: GooglePorts;

  private constructor(mesh: LocalMesh, ports: GooglePorts) {
    this.#mesh = mesh;
    this.#ports = ports;
    this.traffic = new TrafficCounter(mesh, PROJECT);
  }

  /** `agents` is their folder; left out: those of this one. */
  static async start(agents = join(import.meta.dirname, 'agents')): Promise<BenchMesh> {
    const mesh = await startLocalMesh({ project: PROJECT, prefix: PREFIX, agents, env: {} });
    const deployment = {
      project: PROJECT,
      prefix: PREFIX,
      agent: PREFIX,
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

  /** Processor time of all processes so far, in milliseconds; undefined where the system does not tell. */
  get processorMs(): number | undefined {
    return processorMs(this.#mesh.run);
  }

  /** Starts the functions that orders need, and fills the shelves. */
  async openShop(restocks: readonly Json[]): Promise<void> {
    const { topology, run } = this.#mesh;
    const flow: Flow = { ports: this.#ports, topology, signal: new AbortController().signal };
    wake(flow, run);
    await restock(flow, restocks);
  }

  /** Starts runs of `agent`'s workflow, `concurrency` at a time, and resolves when all have ended. */
  async runAll(
    workflow: string,
    inputs: readonly object[],
    concurrency: number,
    agent = 'flow',
  ): Promise<readonly RunRecord[]> {
    const waiting = [...inputs];
    const open = new Set<string>();
    const ended: RunRecord[] = [];
    while (waiting.length + open.size > 0) {
      for (const runId of await this.begin(workflow, waiting.splice(0, concurrency - open.size), agent))
        open.add(runId);
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      const over = await this.#having('endedAt', [...open]);
      for (const runId of over) open.delete(runId);
      const documents = await this.#ports.store.read(over.map(runPath));
      ended.push(...documents.flatMap((document) => (document ? [decodeRun(document)] : [])));
    }
    return ended;
  }

  /** Starts runs, and resolves to their ids. */
  async begin(workflow: string, inputs: readonly object[], agent = 'flow'): Promise<string[]> {
    const started = inputs.map((data) => this.#compose(agent, workflow, data));
    if (started.length > 0)
      await this.#ports.bus.publish(
        topicOf(PREFIX, agent),
        started.map(({ wire }) => wire),
      );
    return started.flatMap(({ runId }) => runId ?? []);
  }

  /** Resolves when a run is there, or has ended. */
  async until(field: 'createdAt' | 'endedAt', runId: string): Promise<void> {
    while ((await this.#having(field, [runId])).length === 0)
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }

  /** Sends a run of `flow` as many signals. */
  async signal(runId: string, name: string, count: number): Promise<void> {
    const signals = Array.from({ length: count }, () => {
      const id = randomUUID();
      return encodeMessage({
        id,
        source: SOURCE,
        type: SIGNAL,
        time: new Date().toISOString(),
        correlationId: id,
        runId,
        data: { name, payload: {} },
      });
    });
    await this.#ports.bus.publish(topicOf(PREFIX, 'flow'), signals);
  }

  /** Which of the runs have the field. Looked up in the local Firestore itself: asking it by requests would be part of what is measured. */
  async #having(field: string, runIds: readonly string[]): Promise<string[]> {
    const documents = await this.traffic.peek(runIds.map(runPath));
    return runIds.filter((_, at) => documents[at]?.fields.has(field));
  }

  #compose(agent: string, workflow: string, data: object) {
    const contract = this.#mesh.topology.functions.find((each) => each.agent === agent)?.contract;
    if (!contract) throw new Error(`the benchmark has no agent ${agent}`);
    return compose({ contract, type: workflow, data: data as never, prefix: PREFIX, now: new Date() });
  }

  async close(): Promise<void> {
    await this.#ports.close();
    await this.#mesh.close();
  }
}
