import { gunzipSync, inflateSync } from 'node:zlib';
import { StatusError } from '../status.ts';

/** A flag and the length, before each message (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md). */
const PREFIX_BYTES = 5;

/** A message with what goes before it on the wire. */
export function frameOf(message: Buffer): Buffer {
  const frame = Buffer.allocUnsafe(PREFIX_BYTES + message.length);
  frame[0] = 0;
  frame.writeUInt32BE(message.length, 1);
  message.copy(frame, PREFIX_BYTES);
  return frame;
}

/** Cuts what comes in into messages, and unpacks those that are compressed. */
export class FrameReader {
  readonly #largestBytes: number;
  readonly #encoding: string;
  #chunks: Buffer[] = [];
  #bytes = 0;
  /** How many bytes the message that is under way takes; undefined until its prefix is there. */
  #wanted: number | undefined;

  /** `encoding` is the `grpc-encoding` of the call. */
  constructor(largestBytes: number, encoding = 'identity') {
    this.#largestBytes = largestBytes;
    this.#encoding = encoding;
  }

  /** Whether a message has begun that has not ended. */
  get isWithin(): boolean {
    return this.#bytes > 0;
  }

  /** The messages that end with this chunk. @throws StatusError RESOURCE_EXHAUSTED, UNIMPLEMENTED, INTERNAL */
  *read(chunk: Buffer): Generator<Buffer> {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    for (;;) {
      if (this.#wanted === undefined) {
        if (this.#bytes < PREFIX_BYTES) return;
        const length = this.#joined().readUInt32BE(1);
        if (length > this.#largestBytes)
          throw new StatusError(
            'RESOURCE_EXHAUSTED',
            `Received message larger than max (${length} vs. ${this.#largestBytes})`,
          );
        this.#wanted = PREFIX_BYTES + length;
      }
      if (this.#bytes < this.#wanted) return;
      const bytes = this.#joined();
      const frame = bytes.subarray(0, this.#wanted);
      const rest = bytes.subarray(this.#wanted);
      this.#chunks = rest.length > 0 ? [rest] : [];
      this.#bytes = rest.length;
      this.#wanted = undefined;
      yield this.#unpacked(frame);
    }
  }

  #joined(): Buffer {
    const [only] = this.#chunks;
    if (only && this.#chunks.length === 1) return only;
    const joined = Buffer.concat(this.#chunks);
    this.#chunks = [joined];
    return joined;
  }

  #unpacked(frame: Buffer): Buffer {
    const message = frame.subarray(PREFIX_BYTES);
    if (frame[0] === 0) return message;
    const unpack = { gzip: gunzipSync, deflate: inflateSync }[this.#encoding];
    if (!unpack)
      throw new StatusError(
        'UNIMPLEMENTED',
        `Received message compressed with unsupported encoding "${this.#encoding}"`,
      );
    try {
      return unpack(message, { maxOutputLength: this.#largestBytes });
    } catch (error) {
      if (error instanceof RangeError)
        throw new StatusError(
          'RESOURCE_EXHAUSTED',
          `Received message that decompresses to a size larger than ${this.#largestBytes}`,
        );
      throw new StatusError('INTERNAL', 'Failed to decompress message');
    }
  }
}
