import type { DeadLetterRecord } from '../../agents/dead-letters/contract.ts';
import { MeshError } from '../../shared/contract/errors.ts';
import type { Store } from '../../shared/contract/store.ts';
import type { Io } from '../io.ts';
import type { TargetOptions } from '../options.ts';
import { type Format, Printer } from '../output/printer.ts';
import { findTarget, withPorts } from '../target.ts';
import {
  type DeadLetterFilter,
  type FoundDeadLetter,
  findDeadLetter,
  listDeadLetters,
  originalBytes,
} from './dead-letter-lookup.ts';
import { deadLetterText, readable } from './dead-letter-text.ts';
import { type Redriven, redrive } from './redrive.ts';

export async function list(io: Io, format: Format, options: TargetOptions & DeadLetterFilter): Promise<void> {
  const { agent, code, status, limit } = options;
  const filter = { limit, ...(agent && { agent }), ...(code && { code }), ...(status && { status }) };
  const found = await withPorts(findTarget(io, options), ({ store }) => listDeadLetters(store, filter));
  new Printer(io, format).rows(
    found.map(({ record }) => record),
    [
      { title: 'ID', value: ({ id }) => id },
      { title: 'AGENT', value: (record, { bold }) => bold(record.agent) },
      { title: 'TYPE', value: ({ type }) => type ?? '-' },
      { title: 'CODE', value: (record, { red }) => red(record.code) },
      { title: 'FIELD', value: ({ field }) => field ?? '-' },
      { title: 'STATUS', value: (record) => statusText(record) },
      { title: 'LAST SEEN', value: ({ lastSeen }) => lastSeen },
      { title: 'REASON', value: ({ message }) => message },
    ],
    'There are no such dead letters.',
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

export interface RedriveOptions extends TargetOptions {
  readonly all?: boolean;
  readonly agent?: string;
  readonly code?: string;
  readonly again?: boolean;
}

/** How many are looked up at a time. */
const PAGE = 200;

export async function redriveMany(
  io: Io,
  format: Format,
  options: RedriveOptions,
  id: string | undefined,
): Promise<void> {
  if ((id === undefined) !== (options.all === true)) {
    throw new MeshError('UsageInvalid', 'name one dead letter, or give --all', {
      hint: 'For one: mesh dead-letters redrive <id>. For every open one: mesh dead-letters redrive --all',
    });
  }
  const target = findTarget(io, options);
  await withPorts(target, async (ports) => {
    const done: Redriven[] = [];
    const begun = new Date().toISOString();
    for (;;) {
      const page =
        id === undefined ? await openOnes(ports.store, options) : [await one(ports.store, id, options)];
      // What dies again meanwhile is another death, and not redriven in the same breath.
      const old = page.filter(({ record }) => record.firstSeen <= begun);
      // One after the other: a flood is the last thing that a system needs which has just come up again.
      for (const found of old) done.push(await redrive(ports, target.prefix, found));
      if (id !== undefined || page.length < PAGE || old.length === 0) break;
    }
    new Printer(io, format).rows(
      done,
      [
        { title: 'ID', value: (redriven) => redriven.id },
        { title: 'TO', value: ({ topic }) => topic },
        { title: 'TYPE', value: ({ type }) => type ?? '-' },
        { title: 'REDRIVES', align: 'right', value: ({ redrives }) => String(redrives) },
      ],
      'There are no open dead letters.',
    );
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

function openOnes(store: Store, { agent, code }: RedriveOptions): Promise<FoundDeadLetter[]> {
  return listDeadLetters(store, {
    status: 'open',
    limit: PAGE,
    ...(agent !== undefined && { agent }),
    ...(code !== undefined && { code }),
  });
}

const statusText = ({ status, redrives }: DeadLetterRecord) =>
  redrives > 0 ? `${status} (${redrives})` : status;
