import { type ErrorCode, MeshError } from '../../shared/contract/errors.ts';

/** The exit codes of `mesh`; 0 is success. */
export const EXIT = {
  generic: 1,
  usage: 2,
  authentication: 3,
  notFound: 6,
  cancelled: 8,
  timeout: 9,
} as const;

const BY_CODE: Partial<Record<ErrorCode, number>> = {
  UsageInvalid: EXIT.usage,
  ConfigurationInvalid: EXIT.usage,
  ContractInvalid: EXIT.usage,
  DefinitionInvalid: EXIT.usage,
  PortInUse: EXIT.usage,
  DataInUse: EXIT.usage,
  DataDamaged: EXIT.usage,
  SecretMissing: EXIT.usage,
  MeshNotRunning: EXIT.usage,
  NotJson: EXIT.usage,
  SchemaMismatch: EXIT.usage,
  UnknownMessage: EXIT.usage,
  InvalidAttribute: EXIT.usage,
  PayloadTooLarge: EXIT.usage,
  NotFound: EXIT.notFound,
  RunNotFound: EXIT.notFound,
  TopicNotFound: EXIT.notFound,
  RunCancelled: EXIT.cancelled,
  Timeout: EXIT.timeout,
};

/** https://grpc.io/docs/guides/status-codes/: PERMISSION_DENIED and UNAUTHENTICATED. */
const AUTHENTICATION_STATUS: ReadonlySet<unknown> = new Set([7, 16]);

export function exitCodeOf(error: unknown): number {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    if ('code' in cause && AUTHENTICATION_STATUS.has(cause.code)) return EXIT.authentication;
  }
  return (error instanceof MeshError && BY_CODE[error.code]) || EXIT.generic;
}
