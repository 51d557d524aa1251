import type { Delivery } from '../../../shared/contract/message.ts';
import type { Ports } from '../../../shared/contract/ports.ts';
import type { Store } from '../../../shared/contract/store.ts';
import { createKernel, type Kernel } from '../../../shared/kernel/kernel.ts';
import type { Outcome } from '../../../shared/kernel/outcome.ts';
import type { Route } from '../../../shared/kernel/route.ts';
import type { AgentFunction } from '../../../shared/topology.ts';
import { type Effort, withEffort } from './effort.ts';
import { type Doors, Outside } from './outside.ts';
import { Process, type ProcessHost } from './process.ts';

/** What the code of an agent is made with: once for each instance, and gone with it. */
export interface InstanceParts {
  readonly ports: Ports;
  /** The way to the providers. */
  readonly outside: Outside;
  /** Which of its versions is deployed, from 1. */
  readonly release: number;
}

export interface SimulatedAgent {
  readonly contract: AgentFunction['contract'];
  readonly routes: (parts: InstanceParts) => ReadonlyMap<string, Route>;
  /** What a release makes of what is stored, where that differs. */
  readonly storeOf?: (store: Store, release: number) => Store;
}

export interface InstanceHost extends ProcessHost {
  readonly doors: Doors;
  /** What the handling of a delivery cost. */
  readonly spent: (delivery: Delivery, effort: Effort) => void;
}

/** One process of an agent's function; what it knew is gone with it. */
export class Instance extends Process {
  readonly #kernel: Kernel;
  readonly #spent: InstanceHost['spent'];

  constructor(host: InstanceHost, name: string, agent: SimulatedAgent, fn: AgentFunction, release: number) {
    super(host, name, agent.storeOf?.(host.cloud.store, release));
    const { ports } = this;
    this.#spent = host.spent;
    const routes = agent.routes({ ports, outside: new Outside(host, this), release });
    this.#kernel = createKernel({ contract: fn.contract, deployment: fn.deployment, ports, routes });
  }

  /** Resolves with the outcome; undefined when the instance died first. */
  handle(delivery: Delivery): Promise<Outcome | undefined> {
    const effort: Effort = new Map();
    return this.live(async () => {
      const outcome = await withEffort(effort, () => this.#kernel.handle(delivery));
      this.#spent(delivery, effort);
      return outcome;
    });
  }
}
