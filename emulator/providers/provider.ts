/** One HTTP request, as a provider's core sees it. */
export interface ProviderRequest {
  /** Upper-case. */
  readonly method: string;
  /** Without the query, still percent-encoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
}

export interface ProviderAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON; absent sends no body. */
  readonly body?: unknown;
}

/** A request that was accepted. Calling it does the work, exactly once. */
export type Work = () => ProviderAnswer;

/** Why a request is turned away before the provider has looked at it. */
export type Refusal =
  | { readonly kind: 'fail'; readonly status: number }
  | { readonly kind: 'rateLimit'; readonly retryAfterSeconds: number };

/**
 * The pure core of a provider's sandbox: no wire, no timers.
 *
 * - `accept` answers at once where nothing needs doing (an error, a read, a replay), or returns the work to be done. Between
 *   the two the shell may let time pass: work that is accepted and not yet done is what the provider calls in flight.
 * - `refuse` gives the provider's own form of a server error or a rate limit.
 * - `books` is what really happened, whatever the callers were told.
 */
export interface Provider<Books> {
  accept(request: ProviderRequest): ProviderAnswer | Work;
  refuse(refusal: Refusal): ProviderAnswer;
  books(): Books;
}
