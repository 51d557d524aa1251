import { MeshError } from '../../shared/contract/errors.ts';
import { AgentsInvalid } from '../agent-check/agents-invalid.ts';
import type { AgentProblem } from '../agent-check/problem.ts';
import type { Io } from '../io.ts';
import { paletteFor } from './palette.ts';

/** An error as `-o json` shows it. */
interface ShownError {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  readonly docsUrl: string;
  readonly field?: string;
  /** Where the code of the agents is wrong: all that is. */
  readonly problems?: readonly AgentProblem[];
}

function shownError(error: unknown): ShownError {
  const message = error instanceof Error ? error.message : String(error);
  if (!(error instanceof MeshError)) {
    return {
      code: 'Internal',
      message,
      hint: 'This is a fault of mesh itself; run again with MESH_DEBUG=1 to see where it comes from.',
      docsUrl: 'docs/errors.md',
    };
  }
  const { code, hint, field } = error;
  const docsUrl = `docs/errors.md#${code.toLowerCase()}`;
  const problems = error instanceof AgentsInvalid ? { problems: error.problems } : {};
  return { code, message, hint, docsUrl, ...(field !== undefined && { field }), ...problems };
}

/** Shows an error on stderr: one line and a hint, or one JSON document. */
export function showError(io: Io, error: unknown, asJson: boolean): void {
  const shown = shownError(error);
  if (asJson) {
    io.stderr.write(`${JSON.stringify(shown)}\n`);
    return;
  }
  const { red, dim } = paletteFor(io.stderr, io.env);
  io.stderr.write(`${red('error:')} ${oneLine(shown.message)} ${dim(`(${shown.code})`)}\n`);
  if (shown.problems && shown.problems.length > 1) {
    for (const { message, hint } of shown.problems)
      io.stderr.write(`- ${oneLine(message)}. ${dim(oneLine(hint))}\n`);
  } else {
    io.stderr.write(`${dim('hint:')}  ${oneLine(shown.hint)}\n`);
  }
  if (io.env.MESH_DEBUG && error instanceof Error) io.stderr.write(`${error.stack}\n`);
}

const oneLine = (text: string) => text.trim().replaceAll(/\s*[\r\n]+\s*/g, ' ');
