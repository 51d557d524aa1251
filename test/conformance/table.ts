import type { Row } from './row.ts';

/**
 * The rows as a table of Markdown: what the documents say, and what each side does. Ours does all of it, or its tests fail. `version` is that of
 * Google's emulator.
 */
export function tableOf(rows: readonly Row<never>[], version: string): string {
  const lines = rows.map(
    ({ title, source, google }) =>
      `| [${title}](${source}) | ${google === undefined ? 'the same' : `**differs**: ${google}`} |`,
  );
  const same = rows.filter(({ google }) => google === undefined).length;
  return [
    `${rows.length} statements of the documents, all of which hold for ours; ${same} of them hold for Google's.`,
    '',
    `| The documents say, and ours does | Google's emulator ${version} |`,
    '|---|---|',
    ...lines,
  ].join('\n');
}
