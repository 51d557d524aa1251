import { type FaultKind, type FaultRule, parseFaultRules } from './fault-rule.ts';
import type { Refusal } from './provider.ts';
import type { Random } from './random.ts';

/** What befalls one request. */
export interface Strike {
  /** Milliseconds to wait before and after the work. */
  readonly beforeMs: number;
  readonly afterMs: number;
  /** Turned away without doing the work. */
  readonly refusal?: Refusal;
  /** After the work there is no answer: the connection stays open, or is reset. */
  readonly silence?: 'open' | 'reset';
}

interface ArmedRule {
  readonly rule: FaultRule;
  left: number;
}

/**
 * The faults of one sandbox. Each matching rule draws once per request from a seeded generator, in the order in which requests
 * come; delays add up, and the first other rule that strikes decides the end.
 */
export class FaultPlan {
  readonly #random: Random;
  #armed: ArmedRule[] = [];
  readonly #struck = new Map<FaultKind, number>();

  constructor(random: Random, rules: readonly FaultRule[] = []) {
    this.#random = random;
    this.set(rules);
  }

  /** The rules in force. */
  get rules(): readonly FaultRule[] {
    return this.#armed.map(({ rule }) => rule);
  }

  /** How many requests each kind of fault has struck. */
  get struck(): Readonly<Partial<Record<FaultKind, number>>> {
    return Object.fromEntries(this.#struck);
  }

  /** Replaces all rules; throws a `TypeError`, and changes nothing, when one is not valid. */
  set(rules: readonly FaultRule[]): void {
    this.#armed = parseFaultRules(rules).map((rule) => ({
      rule,
      left: rule.count ?? Number.POSITIVE_INFINITY,
    }));
  }

  clear(): void {
    this.#armed = [];
  }

  strike(method: string, path: string): Strike {
    let strike: Strike = { beforeMs: 0, afterMs: 0 };
    for (const armed of this.#armed) {
      const { rule } = armed;
      if (armed.left <= 0 || !matches(rule, method, path)) continue;
      if (this.#random() >= (rule.probability ?? 1)) continue;
      const struck = apply(rule, strike);
      if (struck === strike) continue;
      strike = struck;
      armed.left -= 1;
      this.#struck.set(rule.kind, (this.#struck.get(rule.kind) ?? 0) + 1);
    }
    return strike;
  }
}

function matches({ path = '', method }: FaultRule, requestMethod: string, requestPath: string): boolean {
  return requestPath.startsWith(path) && (method === undefined || method.toUpperCase() === requestMethod);
}

function apply(rule: FaultRule, strike: Strike): Strike {
  if (rule.kind === 'slow') {
    const { delayMs = 1000, phase = 'before' } = rule;
    return phase === 'before'
      ? { ...strike, beforeMs: strike.beforeMs + delayMs }
      : { ...strike, afterMs: strike.afterMs + delayMs };
  }
  if (strike.refusal !== undefined || strike.silence !== undefined) return strike;
  switch (rule.kind) {
    case 'fail':
      return { ...strike, refusal: { kind: 'fail', status: rule.status ?? 500 } };
    case 'rateLimit':
      return { ...strike, refusal: { kind: 'rateLimit', retryAfterSeconds: rule.retryAfterSeconds ?? 1 } };
    case 'hang':
      return { ...strike, silence: 'open' };
    case 'timeoutAfterWork':
      return { ...strike, afterMs: strike.afterMs + (rule.delayMs ?? 0), silence: 'reset' };
  }
}
