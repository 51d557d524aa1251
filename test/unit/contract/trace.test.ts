import { describe, expect, it } from 'vitest';
import { childSpan, formatTraceparent, parseTraceparent } from '../../../shared/contract/trace.ts';

describe('a span', () => {
  it('has an id of its own, in the trace of its parent', () => {
    const root = childSpan(undefined);
    const spans = Array.from({ length: 2_000 }, () => childSpan(root));
    expect(new Set(spans.map(({ spanId }) => spanId)).size).toBe(2_000);
    for (const span of spans) {
      expect(span.traceId).toBe(root.traceId);
      expect(parseTraceparent(formatTraceparent(span))).toEqual(span);
    }
  });

  it('without a parent begins a trace of its own, which is sampled', () => {
    const roots = Array.from({ length: 2_000 }, () => childSpan(undefined));
    expect(new Set(roots.map(({ traceId }) => traceId)).size).toBe(2_000);
    for (const root of roots) expect(parseTraceparent(formatTraceparent(root))).toEqual(root);
    expect(roots.every(({ sampled }) => sampled)).toBe(true);
  });
});
