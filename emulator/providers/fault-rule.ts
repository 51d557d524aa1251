/**
 * How a provider is unkind. None of them breaks the provider's own rules: work that was done stays done, and an idempotent
 * request stays idempotent.
 *
 * | kind | does the work | answers |
 * |---|---|---|
 * | `slow` | yes | `delayMs` later; time passes before the work, or after it with `phase: 'after'` |
 * | `fail` | no | `status`, a 5xx, in the provider's error form |
 * | `rateLimit` | no | 429 with `Retry-After` |
 * | `hang` | yes | never; the connection stays open |
 * | `timeoutAfterWork` | yes | never; the connection is reset, after `delayMs` |
 */
export type FaultKind = 'slow' | 'fail' | 'rateLimit' | 'hang' | 'timeoutAfterWork';

export interface FaultRule {
  readonly kind: FaultKind;
  /** Chance that a matching request is struck, 0 to 1. Default 1. */
  readonly probability?: number;
  /** Only requests whose path begins with this. Default: all. */
  readonly path?: string;
  /** Only requests with this method. Default: all. */
  readonly method?: string;
  /** Strikes at most so many times. Default: no limit. */
  readonly count?: number;
  /** Milliseconds on the sandbox's clock: of `slow` (default 1000) or before the reset of `timeoutAfterWork` (default 0). */
  readonly delayMs?: number;
  /** When `slow` waits: before the work (default), so that it is in flight meanwhile, or after it. */
  readonly phase?: 'before' | 'after';
  /** The status of `fail`, 500 to 599. Default 500. */
  readonly status?: number;
  /** The `Retry-After` of `rateLimit`. Default 1. */
  readonly retryAfterSeconds?: number;
}

const KINDS: ReadonlySet<string> = new Set(['slow', 'fail', 'rateLimit', 'hang', 'timeoutAfterWork']);

const CHECKS: Readonly<Record<keyof FaultRule, (value: unknown) => boolean>> = {
  kind: (value) => typeof value === 'string' && KINDS.has(value),
  probability: (value) => isNumber(value, 0, 1),
  path: (value) => typeof value === 'string' && value.startsWith('/'),
  method: (value) => typeof value === 'string',
  count: (value) => Number.isInteger(value) && isNumber(value, 0, Number.MAX_SAFE_INTEGER),
  delayMs: (value) => isNumber(value, 0, Number.MAX_SAFE_INTEGER),
  phase: (value) => value === 'before' || value === 'after',
  status: (value) => isNumber(value, 500, 599),
  retryAfterSeconds: (value) => isNumber(value, 0, Number.MAX_SAFE_INTEGER),
};

/** Reads rules that came from outside; throws a `TypeError` naming the rule and the field that is wrong (I11). */
export function parseFaultRules(value: unknown): FaultRule[] {
  if (!Array.isArray(value)) throw new TypeError('rules must be an array');
  return value.map((rule: unknown, index) => {
    if (typeof rule !== 'object' || rule === null) throw new TypeError(`rules[${index}] must be an object`);
    if (!('kind' in rule)) throw new TypeError(`rules[${index}].kind is missing`);
    for (const [field, setting] of Object.entries(rule)) {
      if (!isField(field)) throw new TypeError(`rules[${index}].${field} is unknown`);
      if (!CHECKS[field](setting)) throw new TypeError(`rules[${index}].${field} is not valid`);
    }
    return rule as FaultRule;
  });
}

function isField(field: string): field is keyof FaultRule {
  return Object.hasOwn(CHECKS, field);
}

function isNumber(value: unknown, low: number, high: number): boolean {
  return typeof value === 'number' && value >= low && value <= high;
}
