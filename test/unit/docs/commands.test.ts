import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { createProgram } from '../../../cli/program.ts';
import { capture } from '../cli/capture.ts';

const root = join(import.meta.dirname, '../../..');

/** The pages that tell people what to type. */
const pages = [
  join(root, 'README.md'),
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(root, 'docs', name)),
];

/** Lines of a page's code blocks, and its inline code, that run `mesh`. */
function commandsOf(page: string): string[] {
  const text = readFileSync(page, 'utf8');
  const blocks = [...text.matchAll(/^ *```(?:sh|bash|text)?\n(.*?)^ *```/gms)].flatMap(([, block = '']) =>
    block.replaceAll(/\\\n\s*/g, ' ').split('\n'),
  );
  const inline = [...text.replaceAll(/^ *```.*?^ *```/gms, '').matchAll(/`([^`\n]+)`/g)].map(
    ([, code = '']) => code,
  );
  return [...blocks, ...inline]
    .flatMap((line) => line.split(/&&|\|\||;|\|/))
    .map((line) => line.trim().replace(/^\$ /, ''))
    .flatMap(
      (line) =>
        /^(?:npm run (?:--silent |-s )?mesh -- |(?:\.\/)?(?:bin\/)?mesh )(.*)$/.exec(line)?.slice(1) ?? [],
    )
    .map((rest) => rest.replace(/\s+#.*$/, ''));
}

/** Words as a shell splits them, quotes kept together. */
const wordsOf = (line: string) =>
  [...line.matchAll(/'[^']*'|"[^"]*"|[^\s'"]+(?:'[^']*'|"[^"]*")?/g)].map(([word]) => word);

const program = createProgram(capture().io, () => {});

/** What is wrong with a command line; undefined where nothing is. */
function faultOf(line: string): string | undefined {
  let command: Command = program;
  const words = wordsOf(line);
  while (words[0] !== undefined) {
    const next = command.commands.find((each) => each.name() === words[0]);
    if (!next) break;
    command = next;
    words.shift();
  }
  const [word] = words;
  if (command.commands.length > 0 && word !== undefined && !/^[-<…]/.test(word))
    return `there is no ${command.name()} ${word}`;
  const options = words.filter((each) => /^--?[a-z]/.test(each)).map((each) => each.replace(/=.*/, ''));
  const known = [...command.options, ...program.options].flatMap(({ long, short }) => [long, short]);
  const unknown = options.find((option) => option !== '--help' && option !== '-h' && !known.includes(option));
  return unknown === undefined ? undefined : `${command.name()} has no ${unknown}`;
}

describe('what the pages tell people to type', () => {
  test.each(pages.map((page) => [relative(root, page), page]))(
    '%s: each command is one that there is',
    (_, page) => {
      const faults = commandsOf(page).flatMap((line) => {
        const fault = faultOf(line);
        return fault === undefined ? [] : [`mesh ${line}: ${fault}`];
      });
      expect(faults).toEqual([]);
    },
  );

  test('there are commands in them, and one that is not there would be found', () => {
    expect(pages.flatMap(commandsOf).length).toBeGreaterThan(40);
    expect(faultOf('runs lst')).toBe('there is no runs lst');
    expect(faultOf('runs list --stat failed')).toBe('list has no --stat');
  });
});
