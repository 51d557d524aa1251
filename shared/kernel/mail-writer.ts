import type { Store, Write } from '../contract/store.ts';

/** Mails in one commit. */
const MOST_TOGETHER = 100;

/** Writes mails: those that come while a commit is on its way go together in the next. */
export class MailWriter {
  readonly #store: Pick<Store, 'commit'>;
  #next: { readonly writes: Write[]; readonly done: Promise<void> } | undefined;
  #under: Promise<void> = Promise.resolve();

  constructor(store: Pick<Store, 'commit'>) {
    this.#store = store;
  }

  /** Resolves when the mail is there. A mail may be written twice: it has no condition that could fail. */
  write(mail: Write & { readonly kind: 'put' }): Promise<void> {
    if (!this.#next || this.#next.writes.length >= MOST_TOGETHER) {
      const writes: Write[] = [];
      const done = this.#under.then(async () => {
        if (this.#next?.writes === writes) this.#next = undefined;
        await this.#store.commit(writes);
      });
      this.#under = done.catch(() => {});
      this.#next = { writes, done };
    }
    this.#next.writes.push(mail);
    return this.#next.done;
  }
}
