import type { RunRecord } from '../workflow/index.ts';

/** A run as its document tells it, without what only the engine needs. */
export function factsOf(record: RunRecord) {
  const { history: _h, pages: _p, pagedBytes: _b, kept: _k, waiters: _w, renewAt: _n, ...rest } = record;
  const {
    revision: _v,
    inputDigest: _i,
    rechecks: _r,
    checks: _c,
    pagesIn: _in,
    wakeAt: _a,
    ...facts
  } = rest;
  return facts;
}

/** What a program learns of a run: its status, its times, what it waits for, what it says of itself, and how it ended. */
export type RunFacts = ReturnType<typeof factsOf>;
