import { StatusError } from '../wire/status.ts';

/** For an update whose mask names nothing. */
export function emptyMask(request: string): StatusError {
  return new StatusError(
    'INVALID_ARGUMENT',
    `The update_mask in the ${request} must be set, and must contain a non-empty paths list.`,
  );
}

const EXAMPLES: Readonly<Record<string, string>> = {
  UpdateTopicRequest: "'schema_settings' rather than 'schemaSettings'",
  UpdateSubscriptionRequest: "'push_config' rather than 'pushConfig'",
  UpdateSnapshotRequest: "'expire_time' rather than 'expireTime'",
};

/** For a path of a mask that no update can follow. */
export function unknownPath(request: string, path: string): StatusError {
  const resource = request.replace(/^Update|Request$/g, '');
  return new StatusError(
    'INVALID_ARGUMENT',
    `Invalid update_mask provided in the ${request}: '${path}' is not a known ${resource} field, or cannot be changed. Note that field paths must be of the form ${EXAMPLES[request]}.`,
  );
}
