import { describe, expect, it } from 'vitest';
import { judge, verdictText } from './hunt.ts';
import { mutations } from './mutations.ts';

describe('the tests', () => {
  it.each(mutations)('find that $name', async (mutation) => {
    const verdict = await judge(mutation);
    expect(verdict.found, verdictText(verdict)).toBe(true);
  });
});
