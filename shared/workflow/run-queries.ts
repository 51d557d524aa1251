import type { QuerySpecs } from '../contract/agent.ts';
import { MeshError } from '../contract/errors.ts';
import { type Failure, toError, toFailure } from '../contract/failure.ts';
import { type Json, toJson } from '../contract/json.ts';
import { parseAs } from '../contract/parse.ts';

/** Bytes of JSON that the answers of a run take together: they are written with each turn, and read with each list. */
const MOST_BYTES = 16_384;

/** What the code of a run answered at the end of a turn. */
type Told = { readonly value: Json } | { readonly failure: Failure };

/** The answer to a query, as the run's document keeps it. */
export type QueryAnswer = Told & {
  /** When it became so, in milliseconds since the epoch: at the end of a turn. */
  readonly at: number;
};
export type QueryAnswers = Readonly<Record<string, QueryAnswer>>;

/**
 * The queries of a run in memory. Its code registers a function for each, which is called at the end of each turn that the code had a
 * part in. The history knows nothing of them: replay registers them anew.
 */
export class Queries {
  readonly #functions = new Map<string, () => unknown>();
  readonly #declared: QuerySpecs;
  readonly #workflow: string;
  /** Why the code may only look: a function of a query runs, or one that validates an update. */
  #looking: 'a query' | 'validate' | undefined;

  constructor(declared: QuerySpecs, workflow: string) {
    this.#declared = declared;
    this.#workflow = workflow;
  }

  get any(): boolean {
    return this.#functions.size > 0;
  }

  /** @throws MeshError `ContractInvalid` for a query that is not declared */
  register(name: string, answer: () => unknown): void {
    if (!Object.hasOwn(this.#declared, name))
      throw new MeshError(
        'ContractInvalid',
        `the contract declares no query ${JSON.stringify(name)} of the workflow ${this.#workflow}`,
        { field: `workflows.${this.#workflow}.queries.${name}` },
      );
    this.#functions.set(name, answer);
  }

  /** Refuses an operation of the workflow where a query asks for it. */
  refuse(operation: string): void {
    if (this.#looking === 'a query')
      throw new MeshError('QueryFailed', `${operation} was used in a query, which may only look`);
    if (this.#looking)
      throw new MeshError('WorkflowFailed', `${operation} was used in validate, which may only look`);
  }

  /** Runs code that may only look. */
  look<T>(why: 'a query' | 'validate', run: () => T): T {
    this.#looking = why;
    try {
      return run();
    } finally {
      this.#looking = undefined;
    }
  }

  /** What each function answers now. One that fails is told as a failure, and stops nothing. */
  answers(): ReadonlyMap<string, Told> {
    const answers = new Map<string, Told>();
    let left = MOST_BYTES;
    return this.look('a query', () => {
      for (const [name, answer] of this.#functions) {
        const told = this.#told(name, answer, left);
        left -= 'value' in told ? bytesOf(told.value) : 0;
        answers.set(name, told);
      }
      return answers;
    });
  }

  #told(name: string, answer: () => unknown, left: number): Told {
    const what = `the answer to the query ${JSON.stringify(name)}`;
    try {
      const value = toJson(answer(), 'QueryFailed', what);
      const schema = this.#declared[name]?.output;
      if (schema) parseAs(schema, value, 'QueryFailed', what);
      if (bytesOf(value) <= left) return { value };
      const rule = `the limit for all answers of a run is ${MOST_BYTES}`;
      throw new MeshError('QueryFailed', `${what} takes ${bytesOf(value)} bytes; ${rule}`);
    } catch (error) {
      return { failure: { ...toFailure(error), code: 'QueryFailed' } };
    }
  }
}

const bytesOf = (value: Json) => Buffer.byteLength(JSON.stringify(value));

/** The answers after a turn: one that is the same as before keeps its time. Undefined answers: the code had no part in the turn. */
export function answered(
  before: QueryAnswers | undefined,
  answers: ReadonlyMap<string, Told> | undefined,
  at: number,
): QueryAnswers | undefined {
  if (!answers) return before;
  if (answers.size === 0) return undefined;
  return Object.fromEntries(
    [...answers].map(([name, told]): [string, QueryAnswer] => {
      const known = before && Object.hasOwn(before, name) ? before[name] : undefined;
      return [name, known && isSame(known, told) ? known : { at, ...told }];
    }),
  );
}

function isSame({ at: _, ...known }: QueryAnswer, told: Told): boolean {
  return JSON.stringify(known) === JSON.stringify(told);
}

/**
 * The value that a run answers to a query. Undefined: it has answered none yet.
 *
 * @throws MeshError `QueryFailed` where its code could not answer
 */
export function answerTo(answers: QueryAnswers | undefined, name: string): Json | undefined {
  const answer = answers && Object.hasOwn(answers, name) ? answers[name] : undefined;
  if (answer && 'failure' in answer) throw toError(answer.failure);
  return answer?.value;
}
