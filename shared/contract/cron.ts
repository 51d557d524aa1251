/**
 * The form of a cron expression that Cloud Scheduler takes
 * (https://docs.cloud.google.com/scheduler/docs/configuring/cron-job-schedules): minute, hour, day of month, month, day of week, each
 * `*`, a number or name, a range, a step of either of them, or a list of those. When it next strikes is the scheduler's to say.
 */
interface Field {
  readonly name: string;
  readonly least: number;
  readonly most: number;
  /** Names in the order of their numbers, from `least`. */
  readonly names?: readonly string[];
}

const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const FIELDS: readonly Field[] = [
  { name: 'minute', least: 0, most: 59 },
  { name: 'hour', least: 0, most: 23 },
  { name: 'day of month', least: 1, most: 31 },
  { name: 'month', least: 1, most: 12, names: MONTHS },
  // 7 is Sunday too.
  { name: 'day of week', least: 0, most: 7, names: ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'] },
];
/** In a leap year. */
const DAYS_OF_MONTH = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const PART = /^(\*|[A-Za-z0-9]+(?:-[A-Za-z0-9]+)?)(?:\/(\d{1,2}))?$/;

/** What is wrong with a cron expression, in words; undefined where nothing is. */
export function cronProblem(text: string): string | undefined {
  const given = text.split(' ');
  if (given.length !== FIELDS.length)
    return `has ${given.length} fields, not the 5 of cron (minute, hour, day of month, month, day of week), each after one space`;
  for (const [at, field] of FIELDS.entries()) {
    const problem = (given[at] ?? '').split(',').flatMap((part) => partProblem(part, field) ?? [])[0];
    if (problem !== undefined) return `has the ${field.name} ${JSON.stringify(given[at])}: ${problem}`;
  }
  return neverProblem(given);
}

function partProblem(part: string, field: Field): string | undefined {
  const [, range = '', step] = PART.exec(part) ?? [];
  if (range === '') return 'it must be *, a number, a range, a step of them, or a list of those';
  const [first = '', last] = range.split('-');
  if (step !== undefined) {
    if (range !== '*' && last === undefined) return 'a step is of * or of a range, such as */5 or 8-18/2';
    if (Number(step) < 1 || Number(step) > field.most) return `a step is 1 to ${field.most}`;
  }
  if (range === '*') return undefined;
  const [from, to] = [numberOf(first, field), numberOf(last ?? first, field)];
  if (from === undefined || to === undefined) return `it is ${field.least} to ${field.most}`;
  return from > to ? 'the range ends before it begins' : undefined;
}

function numberOf(text: string, { least, most, names = [] }: Field): number | undefined {
  const named = names.indexOf(text.toUpperCase());
  const number = named >= 0 ? least + named : /^\d{1,2}$/.test(text) ? Number(text) : undefined;
  return number !== undefined && number >= least && number <= most ? number : undefined;
}

/** A day that none of its months has, such as 30 February. A day of the week strikes besides. */
function neverProblem([, , days = '', months = '', weekdays]: readonly string[]): string | undefined {
  if (weekdays !== '*' || days === '*' || months === '*') return undefined;
  const first = Math.min(...numbersOf(days, FIELDS[2]));
  const longest = Math.max(...numbersOf(months, FIELDS[3]).map((month) => DAYS_OF_MONTH[month - 1] ?? 0));
  return first > longest ? `never strikes: no month of ${JSON.stringify(months)} has the day` : undefined;
}

/** Every number that a well-formed field names. */
function numbersOf(text: string, field: Field | undefined): number[] {
  if (!field) return [];
  return text.split(',').flatMap((part) => {
    const [range = '', step = '1'] = part.split('/');
    const [first = '', last = first] = range.split('-');
    const from = range === '*' ? field.least : (numberOf(first, field) ?? field.least);
    const to = range === '*' ? field.most : (numberOf(last, field) ?? field.most);
    const count = Math.floor((to - from) / Number(step)) + 1;
    return Array.from({ length: count }, (_, at) => from + at * Number(step));
  });
}
