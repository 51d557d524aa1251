import { randomUUID } from 'node:crypto';

/** Fresh identifiers, as a port: a simulation gives them in order, production at random. */
export interface Ids {
  uuid(): string;
}

export const randomIds: Ids = { uuid: () => randomUUID() };
