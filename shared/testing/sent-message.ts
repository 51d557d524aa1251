import type { Json } from '../contract/json.ts';
import type { Message } from '../contract/message.ts';

/** A message that the tested agent sent. */
export interface SentMessage {
  /** `<agent>.<message>`. */
  readonly type: string;
  /** With what claim checks stand for. */
  readonly data: Json;
  /** When it is published, where that is later than it was sent. */
  readonly at?: Date;
  /** The whole envelope. */
  readonly message: Message;
  /** How often it was published: more than once where the message that caused it came again. Receivers know it by its id. */
  readonly times: number;
}
