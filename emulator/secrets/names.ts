import { StatusError } from '../wire/status.ts';

/** A location's secrets are regional ones. */
const PARENT = 'projects/[a-z0-9:.-]+(?:/locations/[a-z0-9-]+)?';
const PROJECT_NAME = new RegExp(`^${PARENT}$`);
/** Letters, digits, hyphens and underscores, at most 255 (`CreateSecretRequest.secret_id`). */
const SECRET_ID = /^[A-Za-z0-9_-]{1,255}$/;
const SECRET_NAME = new RegExp(`^${PARENT}/secrets/[A-Za-z0-9_-]{1,255}$`);
const VERSION_NAME = new RegExp(`^(${PARENT}/secrets/[A-Za-z0-9_-]{1,255})/versions/([A-Za-z0-9_-]{1,63})$`);

/** Throws INVALID_ARGUMENT unless `name` is `projects/P`. */
export function checkProjectName(name = ''): string {
  if (PROJECT_NAME.test(name)) return name;
  throw new StatusError('INVALID_ARGUMENT', `Invalid parent "${name}": expected projects/PROJECT_ID`);
}

/** Throws INVALID_ARGUMENT for an id that no secret can have. */
export function checkSecretId(id: string): string {
  if (SECRET_ID.test(id)) return id;
  throw new StatusError(
    'INVALID_ARGUMENT',
    'The provided Secret ID does not match the expected format [[a-zA-Z_0-9]+]',
  );
}

/** Throws INVALID_ARGUMENT unless `name` is `projects/P/secrets/S`. */
export function checkSecretName(name = ''): string {
  if (SECRET_NAME.test(name)) return name;
  throw new StatusError(
    'INVALID_ARGUMENT',
    `Invalid resource name "${name}": expected projects/PROJECT_ID/secrets/SECRET_ID`,
  );
}

/** Splits `projects/P/secrets/S/versions/V`, where V is a number, `latest` or an alias; throws INVALID_ARGUMENT otherwise. */
export function splitVersionName(name = ''): { readonly secret: string; readonly version: string } {
  const [, secret, version] = VERSION_NAME.exec(name) ?? [];
  if (secret !== undefined && version !== undefined) return { secret, version };
  throw new StatusError(
    'INVALID_ARGUMENT',
    `Invalid resource name "${name}": expected projects/PROJECT_ID/secrets/SECRET_ID/versions/VERSION`,
  );
}
