import { StatusError } from '../wire/status.ts';
import { invalidArgument } from './invalid.ts';

/** The attribute of a push configuration that says of which version of Pub/Sub the pushed JSON is. */
export const VERSION_ATTRIBUTE = 'x-goog-version';
/** That of the API which is served here, and so the default. */
export const PUSH_VERSION = 'v1';

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
 * The version that push attributes ask for; undefined where they ask for none.
 *
 * @throws StatusError INVALID_ARGUMENT for one that there is not, UNIMPLEMENTED for that of `v1beta1`, whose JSON is another
 */
export function pushVersionOf(attributes: Readonly<Record<string, string>> = {}): string | undefined {
  const version = attributes[VERSION_ATTRIBUTE];
  if (version === undefined || version === 'v1' || version === 'v1beta2') return version;
  const name = `push_config.attributes["${VERSION_ATTRIBUTE}"]`;
  if (version !== 'v1beta1') throw invalidArgument(name, 'it must be v1, v1beta2 or v1beta1');
  throw new StatusError('UNIMPLEMENTED', `The local Pub/Sub does not support v1beta1 as ${name}.`);
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
  const { [VERSION_ATTRIBUTE]: _version, ...attributes } = config.attributes ?? {};
  if (config.oidcToken && !config.oidcToken.serviceAccountEmail.includes('@')) {
    throw invalidArgument('PushConfig::oidc_token::service_account_email');
  }
  return { ...config, attributes };
}
