import { describe, expect, test } from 'vitest';
import { exitCodeOf } from '../../../cli/output/exit-code.ts';
import { showError } from '../../../cli/output/failure.ts';
import { isLive, paletteFor } from '../../../cli/output/palette.ts';
import { Printer } from '../../../cli/output/printer.ts';
import { Progress } from '../../../cli/output/progress.ts';
import type { Column } from '../../../cli/output/table.ts';
import { lengthText } from '../../../cli/output/time.ts';
import { MeshError } from '../../../shared/contract/errors.ts';
import { capture } from './capture.ts';

const rows = [
  { name: 'a', count: 5 },
  { name: 'longer', count: 10 },
];
const columns: Column<{ name: string; count: number }>[] = [
  { title: 'NAME', value: ({ name }) => name },
  { title: 'COUNT', align: 'right', value: ({ count }) => String(count) },
];

describe('printing', () => {
  test('a table has columns as wide as they need', () => {
    const { io, written } = capture();
    new Printer(io, 'table').rows(rows, columns, 'none');
    expect(written.stdout).toBe('NAME    COUNT\na           5\nlonger     10\n');
  });

  test('an empty table is a note, and no data', () => {
    const { io, written } = capture();
    new Printer(io, 'table').rows([], columns, 'There are none.');
    expect(written).toEqual({ stdout: '', stderr: 'There are none.\n' });
  });

  test('json is one document, jsonl one a line', () => {
    const json = capture();
    new Printer(json.io, 'json').rows(rows, columns, '');
    expect(JSON.parse(json.written.stdout)).toEqual(rows);
    const lines = capture();
    new Printer(lines.io, 'jsonl').rows(rows, columns, '');
    expect(lines.written.stdout).toBe('{"name":"a","count":5}\n{"name":"longer","count":10}\n');
  });

  test('text from outside can neither steer the terminal nor break a row', () => {
    const { io, written } = capture();
    new Printer(io, 'table').rows([{ name: 'x\u001b]0;evil\u0007\ny', count: 1 }], columns, '');
    expect(written.stdout.split('\n')[1]).toBe('x\\x1b]0;evil\\x07 y      1');
  });
});

describe('colours', () => {
  const terminal = { write: () => {}, isTTY: true };
  const bold = (stream: { write: () => void; isTTY?: boolean }, env = {}) =>
    paletteFor(stream, env).bold('x') !== 'x';

  test('only on a terminal; NO_COLOR forbids, FORCE_COLOR demands', () => {
    expect(bold(terminal)).toBe(true);
    expect(bold({ write: () => {} })).toBe(false);
    expect(bold(terminal, { NO_COLOR: '1' })).toBe(false);
    expect(bold({ write: () => {} }, { FORCE_COLOR: '1' })).toBe(true);
    expect(bold(terminal, { FORCE_COLOR: '0' })).toBe(false);
  });

  test('nothing is redrawn where nobody watches', () => {
    expect(isLive(terminal, {})).toBe(true);
    expect(isLive(terminal, { CI: 'true' })).toBe(false);
    const { io, written } = capture();
    const progress = new Progress(io);
    progress.update('half');
    progress.note('a line');
    progress.done();
    expect(written.stderr).toBe('a line\n');
  });
});

describe('errors', () => {
  test.each([
    [new MeshError('UsageInvalid', ''), 2],
    [new MeshError('PortInUse', ''), 2],
    [new MeshError('SecretMissing', ''), 2],
    [new MeshError('BusUnavailable', '', { cause: Object.assign(new Error('denied'), { code: 7 }) }), 3],
    [new MeshError('RunNotFound', ''), 6],
    [new MeshError('RunCancelled', ''), 8],
    [new MeshError('Timeout', ''), 9],
    [new Error('anything'), 1],
  ])('%s exits with %i', (error, code) => {
    expect(exitCodeOf(error)).toBe(code);
  });

  test('an error is one line and a hint', () => {
    const { io, written } = capture();
    showError(io, new MeshError('PortInUse', 'port 1 is\ntaken', { hint: 'Take another.' }), false);
    expect(written.stderr).toBe('error: port 1 is taken (PortInUse)\nhint:  Take another.\n');
  });

  test('a fault of its own is told apart', () => {
    const { io, written } = capture();
    showError(io, new TypeError('x is undefined'), true);
    expect(JSON.parse(written.stderr)).toMatchObject({ code: 'Internal', message: 'x is undefined' });
  });
});

test.each([
  [840, '840 ms'],
  [2_400, '2.4 s'],
  [185_000, '3 min 5 s'],
  [7_800_000, '2 h 10 min'],
])('%i ms is %s', (ms, text) => {
  expect(lengthText(ms)).toBe(text);
});
