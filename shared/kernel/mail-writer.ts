import type { Fields, Store, Write } from '../contract/store.ts';

/** Mails in one commit, and bytes of them: Firestore takes 10 MiB, Google's emulator less than 4 MiB. One mail is less (light-mail.ts). */
const MOST_TOGETHER = 100;
const MOST_BYTES = 3_500_000;

/** Writes mails: those that come while a commit is on its way go together in the next. */
export class MailWriter {
  readonly #store: Pick<Store, 'commit'>;
  #next: { readonly writes: Write[]; readonly done: Promise<void>; bytes: number } | undefined;
  #under: Promise<void> = Promise.resolve();

  constructor(store: Pick<Store, 'commit'>) {
    this.#store = store;
  }

  /** Resolves when the mail is there. A mail may be written twice: it has no condition that could fail. */
  write(mail: Write & { readonly kind: 'put' }): Promise<void> {
    const bytes = bytesOf(mail.fields);
    if (!this.#next || this.#next.writes.length >= MOST_TOGETHER || this.#next.bytes + bytes > MOST_BYTES) {
      const writes: Write[] = [];
      const done = this.#under.then(async () => {
        if (this.#next?.writes === writes) this.#next = undefined;
        await this.#store.commit(writes);
      });
      this.#under = done.catch(() => {});
      this.#next = { writes, done, bytes: 0 };
    }
    this.#next.bytes += bytes;
    this.#next.writes.push(mail);
    return this.#next.done;
  }
}

function bytesOf({ message, data = '' }: Fields): number {
  return typeof message === 'string' ? Buffer.byteLength(message) + Buffer.byteLength(String(data)) : 0;
}
