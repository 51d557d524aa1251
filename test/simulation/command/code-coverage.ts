import { readFileSync } from 'node:fs';
import { type Profiler, Session } from 'node:inspector/promises';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
/** The rooms that the simulation is for. */
const ROOMS = ['shared/workflow/', 'shared/kernel/'];
/** Nothing runs there: types, comments, and what only closes. */
const IDLE =
  /^\s*(\/\/|\/?\*|[)}\]>;,]*$|import |export (type|interface) |type |interface |readonly \w+[?:])/;

interface FileCoverage {
  readonly file: string;
  readonly functions: number;
  readonly functionsRun: number;
  readonly lines: number;
  readonly linesRun: number;
  /** Functions that never ran. */
  readonly idle: readonly string[];
  /** Other code that never ran, by line. */
  readonly branches: readonly string[];
}

/** Runs `work`, and tells which code of the kernel and the workflow engine it ran. */
export async function withCodeCoverage(work: () => Promise<void>): Promise<readonly FileCoverage[]> {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  await work();
  const { result } = await session.post('Profiler.takePreciseCoverage');
  session.disconnect();
  return result
    .filter(({ url }) => url.startsWith('file:'))
    .map((script) => ({ ...script, file: fileURLToPath(script.url).slice(ROOT.length) }))
    .filter(({ file }) => ROOMS.some((room) => file.startsWith(room)))
    .map(({ file, functions }) => fileCoverage(file, functions))
    .sort((a, b) => (a.file < b.file ? -1 : 1));
}

/** Types are stripped by blanks, so an offset of V8's is one of the source's. */
function fileCoverage(file: string, functions: readonly Profiler.FunctionCoverage[]): FileCoverage {
  const source = readFileSync(`${ROOT}${file}`, 'utf8');
  const run = new Uint8Array(source.length).fill(1);
  // A range stands within those before it, and says better.
  for (const { ranges } of functions)
    for (const { startOffset, endOffset, count } of ranges)
      run.fill(count > 0 ? 1 : 0, startOffset, endOffset);
  const lineAt = (offset: number) => source.slice(0, offset).split('\n').length;
  const named = functions.filter(({ functionName }) => functionName !== '');
  const idle = named.filter(({ ranges: [whole] }) => whole?.count === 0);
  const within = (offset: number) =>
    idle.some(({ ranges: [whole] }) => whole && offset >= whole.startOffset && offset < whole.endOffset);
  const branches: string[] = [];
  let [offset, lines, linesRun] = [0, 0, 0];
  for (const [at, line] of source.split('\n').entries()) {
    const first = offset + line.search(/\S|$/);
    const last = offset + line.trimEnd().length - 1;
    offset += line.length + 1;
    if (IDLE.test(line) || line.trim() === '') continue;
    lines += 1;
    const skipped = run.subarray(first, last + 1).indexOf(0);
    if (skipped < 0) linesRun += 1;
    else if (!within(first + skipped)) branches.push(`${at + 1}: ${line.trim().slice(0, 90)}`);
  }
  return {
    file,
    functions: named.length,
    functionsRun: named.length - idle.length,
    lines,
    linesRun,
    idle: idle.map(
      ({ functionName, ranges: [whole] }) => `${functionName}:${lineAt(whole?.startOffset ?? 0)}`,
    ),
    branches,
  };
}

/** What never ran, by file, and how much ran in all. */
export function codeCoverageReport(files: readonly FileCoverage[]): string {
  const percent = (part: number, whole: number) => `${((100 * part) / Math.max(1, whole)).toFixed(1)} %`;
  const sum = (of: (file: FileCoverage) => number) => files.reduce((total, file) => total + of(file), 0);
  const rows = files
    .filter(({ idle, branches }) => idle.length + branches.length > 0)
    .flatMap(({ file, lines, linesRun, idle, branches }) => [
      `${percent(linesRun, lines).padStart(8)}  ${file}`,
      ...(idle.length > 0 ? [`            never called: ${idle.join(', ')}`] : []),
      ...branches.map((line) => `            ${line}`),
    ]);
  const [functions, lines] = [sum((file) => file.functions), sum((file) => file.lines)];
  return [
    ...rows,
    '',
    `functions: ${percent(
      sum((file) => file.functionsRun),
      functions,
    )} of ${functions}; lines of code: ${percent(
      sum((file) => file.linesRun),
      lines,
    )} of ${lines}; ${files.length} files`,
  ].join('\n');
}
