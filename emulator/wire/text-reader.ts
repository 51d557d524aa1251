import { isUtf8 } from 'node:buffer';
import protobuf from 'protobufjs';
import { StatusError } from './status.ts';

/** Reads messages as Google's services do: a text that ends early, or is no UTF-8, is an error. The readers of protobufjs take both. */
export class TextReader extends protobuf.Reader {
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    super(bytes);
    this.#bytes = bytes;
  }

  override string(): string {
    const length = this.uint32();
    const begin = this.pos;
    const end = begin + length;
    if (end > this.len) throw new StatusError('INVALID_ARGUMENT', 'The request ends within a text.');
    this.pos = end;
    const text = this.#bytes.toString('utf8', begin, end);
    // Each wrong byte reads as this character, which may stand in a text, too.
    if (text.includes('\ufffd') && !isUtf8(this.#bytes.subarray(begin, end)))
      throw new StatusError('INVALID_ARGUMENT', 'A text of the request has invalid UTF-8.');
    return text;
  }
}
