import type { Contract } from '../contract/agent.ts';
import {
  claimCheckOf,
  isClaimCheck,
  type PayloadLimits,
  payloadBytes,
  tooLarge,
} from '../contract/claim-check.ts';
import { dataBytes } from '../contract/envelope.ts';
import { MeshError } from '../contract/errors.ts';
import { type Failure, toFailure } from '../contract/failure.ts';
import { type Json, messageJson } from '../contract/json.ts';
import { takenLimits } from '../contract/payload-limits.ts';
import { REPLY_BYTES, type Reply } from '../contract/reply.ts';
import { updateInput, updateNotDeclared, updateSpecOf } from '../contract/run-target.ts';
import { Payloads } from './payloads.ts';
import { payloadRefusal } from './signal-payload.ts';

/** Takes in what comes for a run, within the limits of its agent: what is too large to inline is in the history by claim check. */
export class Intake {
  readonly #contract: Contract;
  readonly #workflow: string;
  readonly #payloads: Payloads;

  constructor(contract: Contract, workflow = '', payloads = new Payloads()) {
    this.#contract = contract;
    this.#workflow = workflow;
    this.#payloads = payloads;
  }

  /** The reply, or in place of one that can't be taken the failure which says so: what the command did is then unknown. */
  reply(reply: Reply): Reply {
    const { inlineBytes, claimCheckBytes } = this.#contract.limits;
    const most = { inlineBytes: inlineBytes - REPLY_BYTES, claimCheckBytes };
    try {
      if (reply.ok) return { ok: true, output: this.#take(reply.output, most, 'the reply') };
      const bytes = dataBytes(messageJson(reply));
      if (bytes <= inlineBytes) return reply;
      throw tooLarge(bytes, { inlineBytes, claimCheckBytes: 0 }, 'the reply');
    } catch (error) {
      const { field: _, ...failure }: Failure = toFailure(error);
      return { ok: false, error: failure };
    }
  }

  /** @throws MeshError `PayloadTooLarge`, `SchemaMismatch` */
  signal(name: string, payload: Json | undefined): Json | undefined {
    const { signals = {} } = this.#contract.workflows[this.#workflow] ?? {};
    const schema = Object.hasOwn(signals, name) ? signals[name] : undefined;
    // Through a claim check the payload is looked at when it is taken.
    const refused = schema && !isClaimCheck(payload) ? payloadRefusal(name, schema, payload) : undefined;
    if (refused)
      throw new MeshError(refused.code, refused.message, refused.field ? { field: refused.field } : {});
    if (payload === undefined) return undefined;
    const limits = takenLimits(this.#contract, `${this.#contract.name}.${this.#workflow}`);
    return this.#take(payload, limits, 'the payload of the signal');
  }

  /** @throws MeshError `UpdateNotDeclared`, `PayloadTooLarge`, `SchemaMismatch` */
  update(name: string, input: Json | undefined): Json | undefined {
    const { updates = {} } = this.#contract.workflows[this.#workflow] ?? {};
    const type = `${this.#contract.name}.${this.#workflow}`;
    // Through a claim check the input is looked at when it is taken.
    if (!isClaimCheck(input)) updateInput({ type, updates }, name, input);
    else if (!updateSpecOf(updates, name)) throw updateNotDeclared(type, name);
    if (input === undefined) return undefined;
    return this.#take(input, takenLimits(this.#contract, type), 'the input of the update');
  }

  /** @throws MeshError `PayloadTooLarge`, `SchemaMismatch` */
  #take(payload: Json, limits: PayloadLimits, what: string): Json {
    if (!claimCheckOf(payload, what)) return this.#payloads.checkIn(payload, limits, what);
    const bytes = payloadBytes(payload);
    if (bytes > Math.max(limits.inlineBytes, limits.claimCheckBytes)) throw tooLarge(bytes, limits, what);
    // Though nobody may look into it for long.
    this.#payloads.any = true;
    return payload;
  }
}
