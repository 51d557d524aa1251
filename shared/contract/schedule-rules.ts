import type { Contract, ScheduleSpec } from './agent.ts';
import { cronProblem } from './cron.ts';
import type { ContractProblem } from './schema-rules.ts';

const NAME = /^[a-z][a-z0-9-]{0,62}$/;

/** The schedules of the contract that can't be ones: the first rule that each breaks. */
export function scheduleProblems(contract: Contract): ContractProblem[] {
  return Object.entries(contract.schedules).flatMap(([name, schedule]) => {
    const problem = problemOf(name, schedule, contract);
    return problem ? [{ field: `schedules.${name}${problem.at}`, message: problem.is }] : [];
  });
}

interface Problem {
  readonly at: string;
  readonly is: string;
}

function problemOf(name: string, schedule: ScheduleSpec, contract: Contract): Problem | undefined {
  const { cron, timeZone, message, input = null } = schedule;
  if (!NAME.test(name))
    return { at: '', is: 'must be 1 to 63 lower-case letters, digits and dashes, beginning with a letter' };
  if (name.startsWith('mesh-'))
    return { at: '', is: "is one of the mesh's own names, which begin with mesh-" };
  const cronIs = cronProblem(cron);
  if (cronIs !== undefined) return { at: '.cron', is: cronIs };
  if (timeZone !== undefined && !isTimeZone(timeZone))
    return { at: '.timeZone', is: `${JSON.stringify(timeZone)} is no time zone of the tz database` };
  const workflow = own(contract.workflows, message);
  const spec = workflow ?? own(contract.commands, message);
  if (!spec)
    return { at: '.message', is: `${JSON.stringify(message)} is no command or workflow of this agent` };
  if (workflow?.key !== undefined) {
    const is = `is a workflow with the key "${workflow.key}": the same input would start one run, once`;
    return { at: '.message', is };
  }
  const [issue] = spec.input.safeParse(input).error?.issues ?? [];
  if (!issue) return undefined;
  return { at: ['.input', ...issue.path.map(String)].join('.'), is: `does not fit: ${issue.message}` };
}

function own<T>(part: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(part, name) ? part[name] : undefined;
}

/** Whether it is the name of a time zone of the tz database. */
export function isTimeZone(name: string): boolean {
  try {
    // An offset such as +02:00 is none: Cloud Scheduler takes names only.
    return (
      /^[A-Za-z]/.test(name) &&
      new Intl.DateTimeFormat('en', { timeZone: name }) instanceof Intl.DateTimeFormat
    );
  } catch {
    return false;
  }
}
