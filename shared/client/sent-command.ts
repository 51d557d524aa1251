import { keysUnavailable } from '../contract/encryption.ts';
import { MeshError } from '../contract/errors.ts';
import { toError } from '../contract/failure.ts';
import { messageKey } from '../contract/keys.ts';
import { answerPath, inboxPath } from '../contract/names.ts';
import type { Schema } from '../contract/schema.ts';
import type { StoredDocument } from '../contract/store.ts';
import { type Answered, answerIn } from '../kernel/index.ts';
import { deathIn, deathPath } from './death.ts';
import type { MeshAccess } from './mesh-access.ts';
import type { Outgoing } from './outgoing.ts';
import { patiently } from './patience.ts';
import { outputFor } from './payload.ts';
import { patienceOf, type WaitOptions } from './wait-options.ts';

interface CommandSent {
  readonly agent: string;
  readonly type: string;
  readonly output: Schema | undefined;
}

/**
 * A command or an update that was sent. Its answer stands in the inbox of its agent (kept-reply.ts), or beside the run that answers an update,
 * for 75 days.
 */
export class SentCommand<Output = unknown> {
  /** The `ce-id` of the message. */
  readonly id: string;
  readonly #mesh: MeshAccess;
  readonly #ref: CommandSent;
  readonly #key: string;
  readonly #inputDigest: string;
  readonly #run: string | undefined;

  /** `run`: of an update, the run that it is for. */
  constructor(
    mesh: MeshAccess,
    ref: CommandSent & { readonly output: Schema<Output> | undefined },
    { message, inputDigest }: Pick<Outgoing, 'message' | 'inputDigest'>,
    run?: string,
  ) {
    this.#run = run;
    this.id = message.id;
    this.#mesh = mesh;
    this.#ref = ref;
    this.#key = messageKey(message);
    this.#inputDigest = inputDigest;
  }

  /**
   * Waits for the answer of the agent. May be asked again, also by another process that sends the same command with the same
   * `idempotencyKey`.
   *
   * @throws MeshError the failure of the command: `Rejected` with its `reason`, or what its dead letter says; `Timeout`;
   * `IdempotencyKeyReused` where another input was sent under the same key; `OutputInvalid`
   */
  async answer(options: WaitOptions = {}): Promise<Output> {
    const { agent, type } = this.#ref;
    const { store, clock } = this.#mesh.ports;
    const inbox = inboxPath(agent, this.#key);
    let record: StoredDocument | undefined;
    const patience = patienceOf(options);
    const answered = await patiently(clock, patience, async () => {
      const beside = this.#run === undefined ? [] : [answerPath(this.#run, this.#key)];
      const [handled, letter, given] = await store.read([inbox, deathPath(agent, this.#key), ...beside]);
      record = handled;
      if (given) return this.#answerIn(given);
      // A run that took an update has yet to answer it; one that was refused is answered here.
      if (handled?.fields.status === 'done' && (this.#run === undefined || answerIn(handled)))
        return this.#answerIn(handled);
      const death = await deathIn(store, { agent, key: this.#key }, letter);
      if (death) throw death;
      return undefined;
    });
    if (!answered) {
      const state = record ? 'is being handled' : 'has not been handled';
      const message = `after ${patience.timeoutMs / 1_000} s the command ${type} (id ${this.id}) ${state}`;
      throw new MeshError('Timeout', message, {
        hint: 'It goes on by itself: ask for its answer again, by the same idempotency key.',
      });
    }
    const { reply } = answered;
    if (!reply.ok) throw toError(reply.error);
    const ref = this.#ref as CommandSent & { readonly output: Schema<Output> | undefined };
    return outputFor(this.#mesh, ref, reply.output);
  }

  #answerIn(record: StoredDocument): Answered {
    const { type } = this.#ref;
    if (record.fields.closed === true) throw keysUnavailable(`the answer to ${this.id} is encrypted`);
    const answered = answerIn(record);
    if (!answered) {
      const message = `the command ${type} (id ${this.id}) was handled, and its answer was not kept: it was sent without asking for one`;
      throw new MeshError('NotFound', message, { field: 'id' });
    }
    if (answered.inputDigest === this.#inputDigest) return answered;
    throw new MeshError(
      'IdempotencyKeyReused',
      `the command ${type} (id ${this.id}) was handled before, with another input`,
      { field: 'idempotencyKey' },
    );
  }
}
