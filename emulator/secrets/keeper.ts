import type { Secret } from './secret.ts';

/** Who keeps secrets beyond the process: told of each change before whoever made it is answered. */
export interface SecretKeeper {
  /** One that is new, or changed, with all its versions. */
  secret(secret: Secret): void;
  secretDeleted(name: string): void;
}
