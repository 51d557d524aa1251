import type { DeadLetterRecord } from '../../agents/dead-letters/contract.ts';
import { MeshError } from '../../shared/contract/errors.ts';
import type { Store } from '../../shared/contract/store.ts';
import { confirm } from '../confirm.ts';
import type { Io } from '../io.ts';
import type { TargetOptions } from '../options.ts';
import { EXIT } from '../output/exit-code.ts';
import { type Format, Printer } from '../output/printer.ts';
import type { Column } from '../output/table.ts';
import { findTarget, withPorts } from '../target.ts';
import {
  allDeadLetters,
  type DeadLetterFilter,
  type FoundDeadLetter,
  findDeadLetter,
  listDeadLetters,
  originalBytes,
} from './dead-letter-lookup.ts';
import { deadLetterText, readable } from './dead-letter-text.ts';
import { purgeDeadLetter } from './purge.ts';
import { type Redriven, redrive } from './redrive.ts';

export interface ListOptions extends TargetOptions, FilterOptions {
  readonly limit: number;
}

export async function list(io: Io, format: Format, options: ListOptions): Promise<void> {
  const { limit } = options;
  const found = await withPorts(findTarget(io, options), ({ store }) =>
    listDeadLetters(store, filterOf(options), { limit }),
  );
  new Printer(io, format).rows(
    found.map(({ record }) => record),
    RECORD_COLUMNS,
    NONE,
  );
}

export async function show(io: Io, format: Format, options: TargetOptions, id: string): Promise<void> {
  const { record, bytes } = await withPorts(findTarget(io, options), async ({ store }) => {
    const found = await findDeadLetter(store, id);
    return { record: found.record, bytes: await originalBytes(store, found) };
  });
  const original = { ...record.original, data: bytes.toString('base64'), ...readable(bytes) };
  new Printer(io, format).item({ ...record, original }, (palette) => deadLetterText(record, bytes, palette));
}

export interface RedriveOptions extends TargetOptions, FilterOptions {
  readonly all?: boolean;
  readonly again?: boolean;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

/** Sends one again, or every open one that fits. Returns the exit code: 8 where the answer was no. */
export async function redriveMany(
  io: Io,
  format: Format,
  options: RedriveOptions,
  id: string | undefined,
): Promise<number> {
  const filter = filterOf(options);
  const many = options.all === true || Object.keys(filter).length > 0;
  if ((id === undefined) !== many) {
    throw new MeshError('UsageInvalid', 'name one dead letter, or say which', {
      hint: 'For one: mesh dead-letters redrive <id>. For many: --agent, --code, --type, --since or --all',
    });
  }
  const target = findTarget(io, options);
  return withPorts(target, async (ports) => {
    // Found before any is sent: what dies again meanwhile is another death, and not redriven in the same breath.
    const found =
      id === undefined
        ? await allDeadLetters(ports.store, { ...filter, status: 'open' })
        : [await one(ports.store, id, options)];
    const printer = new Printer(io, format);
    if (options.dryRun) {
      printer.rows(
        found.map(({ record }) => record),
        RECORD_COLUMNS,
        NONE,
      );
      return 0;
    }
    const asks = id === undefined && found.length > 0;
    if (asks && !(await confirm(io, `redrive ${found.length} dead letters`, options.yes)))
      return EXIT.cancelled;
    const done: Redriven[] = [];
    // One after the other: a flood is the last thing that a system needs which has just come up again.
    for (const each of found) done.push(await redrive(ports, target.prefix, each));
    printer.rows(
      done,
      [
        { title: 'ID', value: (redriven) => redriven.id },
        { title: 'TO', value: ({ topic }) => topic },
        { title: 'TYPE', value: ({ type }) => type ?? '-' },
        { title: 'REDRIVES', align: 'right', value: ({ redrives }) => String(redrives) },
      ],
      'There are no such open dead letters.',
    );
    return 0;
  });
}

export interface PurgeOptions extends TargetOptions, FilterOptions {
  readonly olderThan: Date;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

/** Deletes dead letters that were seen last long enough ago. Returns the exit code: 8 where the answer was no. */
export async function purge(io: Io, format: Format, options: PurgeOptions): Promise<number> {
  const { olderThan: before, dryRun = false, yes } = options;
  return withPorts(findTarget(io, options), async ({ store }) => {
    const found = await allDeadLetters(store, { ...filterOf(options), before });
    const what = `delete ${found.length} dead letters`;
    if (!dryRun && found.length > 0 && !(await confirm(io, what, yes))) return EXIT.cancelled;
    let deleted = 0;
    if (!dryRun) for (const each of found) deleted += (await purgeDeadLetter(store, each)) ? 1 : 0;
    new Printer(io, format).item({ deadLetters: dryRun ? found.length : deleted, dryRun }, () =>
      dryRun ? `${found.length} dead letters would be deleted` : `deleted ${deleted} dead letters`,
    );
    return 0;
  });
}

async function one(store: Store, id: string, { again }: RedriveOptions): Promise<FoundDeadLetter> {
  const found = await findDeadLetter(store, id);
  if (found.record.status === 'redriven' && !again) {
    throw new MeshError('UsageInvalid', `the dead letter ${id} was redriven already`, {
      field: 'id',
      hint: 'If it died again, that is another dead letter: mesh dead-letters list. To send it all the same: --again',
    });
  }
  return found;
}

const statusText = ({ status, redrives }: DeadLetterRecord) =>
  redrives > 0 ? `${status} (${redrives})` : status;

const NONE = 'There are no such dead letters.';
const RECORD_COLUMNS: readonly Column<DeadLetterRecord>[] = [
  { title: 'ID', value: ({ id }) => id },
  { title: 'AGENT', value: (record, { bold }) => bold(record.agent) },
  { title: 'TYPE', value: ({ type }) => type ?? '-' },
  { title: 'CODE', value: (record, { red }) => red(record.code) },
  { title: 'FIELD', value: ({ field }) => field ?? '-' },
  { title: 'STATUS', value: (record) => statusText(record) },
  { title: 'LAST SEEN', value: ({ lastSeen }) => lastSeen },
  { title: 'REASON', value: ({ message }) => message },
];

/** Which dead letters, as the options of a command say it. */
export type FilterOptions = Omit<DeadLetterFilter, 'before'>;

function filterOf({ agent, code, type, status, since }: FilterOptions): DeadLetterFilter {
  return {
    ...(agent !== undefined && { agent }),
    ...(code !== undefined && { code }),
    ...(type !== undefined && { type }),
    ...(status !== undefined && { status }),
    ...(since && { since }),
  };
}
