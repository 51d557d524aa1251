/** A command as a document shows it, and what the document says that it prints. */
export interface Shown {
  readonly command: string;
  /** Lines; `…` stands for anything within a line, or alone for any lines. */
  readonly output: readonly string[];
  readonly line: number;
}

/** The commands of the `console` blocks of a Markdown text, and those of its `sh` blocks, which show no output. */
export function shownIn(markdown: string): Shown[] {
  const shown: { command: string; output: string[]; line: number }[] = [];
  let block = '';
  for (const [at, text] of markdown.split('\n').entries()) {
    const fence = /^```(\w*)$/.exec(text);
    if (fence) block = block === '' ? (fence[1] ?? '') || 'text' : '';
    else if (block === 'sh') shown.push({ command: text, output: [], line: at + 1 });
    else if (block === 'console' && text.startsWith('$ '))
      shown.push({ command: text.slice(2), output: [], line: at + 1 });
    else if (block === 'console') shown.at(-1)?.output.push(text);
  }
  return shown;
}

/** Whether `printed` is what the document shows. Columns are as wide as what is in them, so that the width of gaps does not count. */
export function isAsShown(printed: string, output: readonly string[]): boolean {
  return patternOf(output).test(`${printed.trimEnd().split('\n').map(squeezed).join('\n')}\n`);
}

const literally = (text: string) => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
const squeezed = (line: string) => line.trim().replace(/\s+/g, ' ');

function patternOf(output: readonly string[]): RegExp {
  const lines = output.map(squeezed).map((line) => {
    if (line === '…') return '(?:.*\\n)*?';
    return `${line.split('…').map(literally).join('.*')}\\n`;
  });
  return new RegExp(`^${lines.join('')}$`);
}
