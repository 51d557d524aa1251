import type { Ports } from '../../../shared/contract/ports.ts';
import type { StoredDocument } from '../../../shared/contract/store.ts';
import type { RunRecord } from '../../../shared/workflow/run-record.ts';
import type { SimulatedAgent } from './instance.ts';
import type { Random } from './random.ts';

/** What clients may do to a mesh. */
export interface Client {
  /** Publishes a message to an agent's topic, as an outside program does. */
  command(agent: string, type: string, data: unknown, attributes?: Readonly<Record<string, string>>): void;
  /** Publishes bytes that may be no message at all. */
  raw(agent: string, data: string, attributes: Readonly<Record<string, string>>): void;
  signal(agent: string, runId: string, name: string, payload: unknown): void;
  cancel(agent: string, runId: string): void;
  /** Pauses, resumes or terminates a run, as an operator does. */
  steer(agent: string, runId: string, how: Steering): void;
  /** A schedule of the agent's contract strikes, as Cloud Scheduler tells of it: at least once. */
  strike(agent: string, schedule: string): void;
  /**
   * A person runs a program on the mesh, such as a command of `mesh`, and runs it again where it died or failed in a way that may pass.
   */
  run(program: (ports: Ports) => Promise<unknown>): void;
  /** Deploys a release of an agent. */
  deploy(agent: string, release: number): void;
  /** True time, in milliseconds. */
  now(): number;
}

/** `pause-all`: its compensations too. `drop`: it is terminated, and nothing is undone. */
export type Steering = 'pause' | 'pause-all' | 'resume' | 'terminate' | 'drop';

/** The world once nothing moves any more. */
export interface EndState {
  readonly documents: ReadonlyMap<string, StoredDocument>;
  readonly runs: readonly RunRecord[];
  /** Codes of the dead letters, by the id of the message that died. */
  readonly deadLetters: ReadonlyMap<string, string>;
  /** Whether the clock of any instance jumped. */
  readonly jumped: boolean;
}

/** One performance of a workload: fresh agents and books, and what its clients do when. */
export interface Play {
  readonly agents: readonly SimulatedAgent[];
  readonly acts: readonly { readonly atMs: number; readonly act: (client: Client) => void }[];
  /** What does not balance, in words. */
  readonly audit: (end: EndState) => Iterable<string>;
}

/** Something that the mesh is used for, to be simulated. Add one to `workloads/index.ts`. */
export interface Workload {
  readonly name: string;
  /** Makes a play; all that differs from one to another is drawn from `random`. */
  play(random: Random): Play;
}
