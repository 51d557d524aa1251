import { asDeadLetter, DeadLetterRecord, deadLetters } from '../../agents/dead-letters/contract.ts';
import { MeshError } from '../../shared/contract/errors.ts';
import { deadLetterPath } from '../../shared/contract/names.ts';
import type { Query, Store, StoredDocument } from '../../shared/contract/store.ts';
import { withChunks } from '../../shared/kernel/index.ts';

const COLLECTION = deadLetters.contract.state?.collection ?? 'deadLetters';

/** How many are looked up at a time. */
const PAGE = 200;

export interface DeadLetterFilter {
  readonly agent?: string;
  readonly code?: string;
  readonly type?: string;
  readonly status?: DeadLetterRecord['status'];
  /** Seen last at this time or later. */
  readonly since?: Date;
  /** Seen last before this time. */
  readonly before?: Date;
}

export interface DeadLetterPage {
  readonly limit: number;
  /** The last of the page before. */
  readonly after?: FoundDeadLetter;
}

/** A record, and the document that it was read from. */
export interface FoundDeadLetter {
  readonly record: DeadLetterRecord;
  readonly document: StoredDocument;
}

/** The dead letters that fit, those seen last first. */
export async function listDeadLetters(
  store: Store,
  { agent, code, type, status, since, before }: DeadLetterFilter,
  { limit, after }: DeadLetterPage,
): Promise<FoundDeadLetter[]> {
  const equal = Object.entries({ agent, code, type, status }).flatMap(([field, value]) =>
    value === undefined ? [] : [{ field, op: '==' as const, value }],
  );
  // Times are text of one form and zone, whose order is that of the times.
  const where: Query['where'] = [
    ...equal,
    ...(since ? [{ field: 'lastSeen', op: '>=' as const, value: since.toISOString() }] : []),
    ...(before ? [{ field: 'lastSeen', op: '<' as const, value: before.toISOString() }] : []),
  ];
  const documents = await store.query({
    ...{ collection: COLLECTION, where, orderBy: { field: 'lastSeen', descending: true }, limit },
    ...(after && { startAfter: { value: after.record.lastSeen, path: after.document.path } }),
  });
  return documents.map(decode);
}

/** Every dead letter that fits, those seen last first. */
export async function allDeadLetters(store: Store, filter: DeadLetterFilter): Promise<FoundDeadLetter[]> {
  const all: FoundDeadLetter[] = [];
  for (;;) {
    const after = all.at(-1);
    const page = await listDeadLetters(store, filter, { limit: PAGE, ...(after && { after }) });
    all.push(...page);
    if (page.length < PAGE) return all;
  }
}

/** Throws `NotFound`. */
export async function findDeadLetter(store: Store, id: string): Promise<FoundDeadLetter> {
  const document = /^[\w~-]{1,128}$/.test(id) ? (await store.read([deadLetterPath(id)]))[0] : undefined;
  if (!document) {
    throw new MeshError('NotFound', `there is no dead letter ${JSON.stringify(id)}`, {
      field: 'id',
      hint: 'List them with: mesh dead-letters list',
    });
  }
  return decode(document);
}

/** The original's bytes, wherever they are kept. */
export async function originalBytes(store: Store, { record, document }: FoundDeadLetter): Promise<Buffer> {
  const { original } = await withChunks(asDeadLetter(record), document.path, store);
  return Buffer.from(original.data, 'base64');
}

function decode(document: StoredDocument): FoundDeadLetter {
  const parsed = DeadLetterRecord.safeParse(document.fields);
  if (parsed.success) return { record: parsed.data, document };
  throw new MeshError(
    'StateInvalid',
    `${document.path} is no dead letter: ${parsed.error.issues[0]?.message}`,
    {
      field: parsed.error.issues[0]?.path.join('.') ?? '',
    },
  );
}
