import type { Json } from '../../contract/json.ts';

/** What is sent at a time is one document: a record of the inbox, with about 500 bytes for each message beside its data. */
export const MOST_UNDER_WAY = 1_000;
/** In characters of JSON. With 1,000 messages' own 500 bytes this stays under Firestore's 1 MiB, in UTF-8 of two bytes too. */
const MOST_DATA = 200_000;

/** How many branches of a group may be under way: by number, and by the size of what they are sent. */
export class Window {
  readonly #most: number;
  #open = 0;
  #data = 0;

  constructor(most: number) {
    this.#most = Math.min(most, MOST_UNDER_WAY);
  }

  /** Whether there is room for one more, which is then taken. */
  opens(size: number): boolean {
    if (this.#open >= this.#most || (this.#open > 0 && this.#data + size > MOST_DATA)) return false;
    this.#open += 1;
    this.#data += size;
    return true;
  }

  closes(size: number): void {
    this.#open -= 1;
    this.#data -= size;
  }
}

/** As the window counts it. */
export function sizeOf(data: Json | undefined): number {
  return data === undefined ? 0 : JSON.stringify(data).length;
}
