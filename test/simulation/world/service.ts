import { isAckStatus, type PushRequest } from '../../../emulator/pubsub/push-transport.ts';
import type { Delivery } from '../../../shared/contract/message.ts';
import { answerTo } from '../../../shared/function/answer.ts';
import { readDelivery } from '../../../shared/function/delivery.ts';
import type { Outcome } from '../../../shared/kernel/outcome.ts';
import type { AgentFunction } from '../../../shared/topology.ts';
import { Instance, type InstanceHost, type SimulatedAgent } from './instance.ts';

const MOST_INSTANCES = 3;
/** Up to minutes, either way. */
const LONGEST_JUMP_MS = 240_000;

export interface ServiceHost extends InstanceHost {
  readonly acked: (delivery: Delivery, how: Outcome['kind'], fn: AgentFunction) => void;
  /** Undefined: the instance died at it. */
  readonly outcome: (agent: string, type: string, outcome: Outcome | undefined) => void;
  readonly jumped: () => void;
}

/** The function of one agent: instances that come, are shared by requests, and die. */
export class Service {
  readonly #host: ServiceHost;
  readonly #agent: SimulatedAgent;
  readonly #fn: AgentFunction;
  #instances: Instance[] = [];
  #made = 0;
  #release = 1;

  constructor(host: ServiceHost, agent: SimulatedAgent, fn: AgentFunction) {
    this.#host = host;
    this.#agent = agent;
    this.#fn = fn;
  }

  /** Deploys other code: new requests go to new instances, and the old ones finish what they have. */
  deploy(release: number): void {
    this.#release = release;
    this.#instances = [];
  }

  /** One push: resolves with the status, rejects where there is none. */
  push(request: PushRequest): Promise<{ readonly status: number }> {
    const { scheduler, faults } = this.#host;
    const delivery = readDelivery({ headers: request.headers, body: request.body });
    const type = delivery.attributes['ce-type'] ?? '?';
    const label = `push ${type} to ${this.#fn.agent}`;
    const fault = faults.of('push');
    return new Promise((resolve, reject) => {
      const lost = () => scheduler.after(scheduler.latency(), () => reject(new Error('connection reset')));
      if (fault === 'push-lost') return lost();
      const late = fault === 'push-hangs' ? request.timeoutMs : 0;
      const arrive = () => {
        const instance = this.#instance();
        scheduler.note(
          `${instance.name} gets ${type} ${delivery.messageId} attempt ${delivery.deliveryAttempt}`,
        );
        instance.handle(delivery).then((outcome) => {
          this.#host.outcome(this.#fn.agent, type, outcome);
          if (!outcome) return lost();
          const { status } = answerTo(outcome);
          scheduler.note(`${instance.name} ${outcome.kind} ${delivery.messageId}`);
          if (isAckStatus(status)) this.#host.acked(delivery, outcome.kind, this.#fn);
          if (fault === 'push-answer-lost') return lost();
          scheduler.after(scheduler.latency(), () => resolve({ status }), `${label} answered`);
        }, reject);
      };
      scheduler.after(late + scheduler.latency(), arrive, `${label}${fault ? ` (${fault})` : ''}`);
    });
  }

  #instance(): Instance {
    const { faults, random } = this.#host;
    this.#instances = this.#instances.filter(({ dead }) => !dead);
    const [first, ...others] = this.#instances;
    if (!first) return this.#start();
    const chosen = random.pick([first, ...others]);
    const trouble = faults.of('instance');
    if (trouble === 'crash') {
      chosen.die();
      return this.#instance();
    }
    if (trouble === 'clock-jump') {
      chosen.clock.jump(random.between(-LONGEST_JUMP_MS, LONGEST_JUMP_MS));
      this.#host.jumped();
    }
    if (trouble === 'new-instance' || (this.#instances.length < MOST_INSTANCES && random.chance(0.1)))
      return this.#start();
    return chosen;
  }

  #start(): Instance {
    const name = `${this.#fn.agent}#${++this.#made}`;
    const instance = new Instance(this.#host, name, this.#agent, this.#fn, this.#release);
    this.#instances.push(instance);
    return instance;
  }
}
