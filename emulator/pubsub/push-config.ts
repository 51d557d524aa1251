import { StatusError } from '../wire/status.ts';
import { invalidArgument } from './invalid.ts';

/** How a push subscription delivers (https://cloud.google.com/pubsub/docs/reference/rpc/google.pubsub.v1#pushconfig). */
export interface PushConfig {
  readonly endpoint: string;
  readonly attributes?: Readonly<Record<string, string>> | undefined;
  /** Each request then carries a token of this account; the audience is the endpoint unless given. */
  readonly oidcToken?: { readonly serviceAccountEmail: string; readonly audience?: string } | undefined;
  /** Present: the body is the message's data alone. */
  readonly noWrapper?: { readonly writeMetadata: boolean } | undefined;
}

/**
 * @throws StatusError INVALID_ARGUMENT for an endpoint that is no HTTP(S) URL. The service wants HTTPS; here plain HTTP is
 * accepted, because the endpoints are on this machine.
 */
export function requirePushConfig(config: PushConfig): PushConfig {
  const { protocol } = URL.parse(config.endpoint) ?? { protocol: undefined };
  if (protocol !== 'http:' && protocol !== 'https:') {
    throw new StatusError('INVALID_ARGUMENT', `Invalid push endpoint given (endpoint=${config.endpoint}).`);
  }
  if (config.oidcToken && !config.oidcToken.serviceAccountEmail.includes('@')) {
    throw invalidArgument('PushConfig::oidc_token::service_account_email');
  }
  return config;
}
