/**
 * The token bucket of a queue (https://en.wikipedia.org/wiki/Token_bucket): each dispatch takes a token, tokens come back at
 * the queue's rate, up to the burst size. Pure: time is passed in.
 */
export class TokenBucket {
  #tokens: number;
  #filledAt: number;
  #ratePerSecond: number;
  #size: number;

  constructor(ratePerSecond: number, size: number, nowMs: number) {
    this.#ratePerSecond = ratePerSecond;
    this.#size = size;
    this.#tokens = size;
    this.#filledAt = nowMs;
  }

  /** Milliseconds until a token can be taken; 0 when one can be taken now. */
  waitMs(nowMs: number): number {
    this.#fill(nowMs);
    return this.#tokens >= 1 ? 0 : Math.ceil(((1 - this.#tokens) / this.#ratePerSecond) * 1000);
  }

  /** Takes a token; call it only when `waitMs` is 0. */
  take(nowMs: number): void {
    this.#fill(nowMs);
    this.#tokens -= 1;
  }

  /** Changes rate and size; tokens over the new size are lost. */
  resize(ratePerSecond: number, size: number, nowMs: number): void {
    this.#fill(nowMs);
    this.#ratePerSecond = ratePerSecond;
    this.#size = size;
    this.#tokens = Math.min(this.#tokens, size);
  }

  #fill(nowMs: number): void {
    const added = ((nowMs - this.#filledAt) / 1000) * this.#ratePerSecond;
    this.#tokens = Math.min(this.#size, this.#tokens + added);
    this.#filledAt = nowMs;
  }
}
