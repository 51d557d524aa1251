import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ERROR_CATALOGUE, type ErrorCode } from '../../../shared/contract/errors.ts';

const page = readFileSync(new URL('../../../docs/errors.md', import.meta.url), 'utf8');
const sections = new Map(
  [...page.matchAll(/^### (\w+)\n([\s\S]*?)(?=^#|$(?![\s\S]))/gm)].map(([, code, text]) => [
    code,
    text ?? '',
  ]),
);

describe('docs/errors.md', () => {
  it('has a section for every code, and for nothing else', () => {
    expect([...sections.keys()].sort()).toEqual(Object.keys(ERROR_CATALOGUE).sort());
  });

  it.each(Object.keys(ERROR_CATALOGUE) as ErrorCode[])(
    'says of %s whether it is tried again, and what to do',
    (code) => {
      expect(sections.get(code)).toContain(`*Tried again:* ${ERROR_CATALOGUE[code].retry ? 'yes' : 'no'}.`);
      expect(sections.get(code)).toMatch(/\*What to do:\* \S/);
    },
  );
});
