import type { StatusError } from '../../wire/status.ts';
import { STATUS_CODES } from '../../wire/status-codes.ts';
import type { Database } from '../database.ts';
import type { ResumePoint, Watch, WatchEvent, WatchTarget } from '../watch.ts';
import type { WireStatus, WireTarget } from './messages.ts';
import { readQuery } from './query.ts';
import { readMicros, writeDocument, writeTime } from './value.ts';
import { pathIn } from './write.ts';

/** The parent of a query target as a path. */
type ParentPath = (name: string) => string;

/** Adds a target to a stream's listener. @throws StatusError */
export function addTarget(database: Database, watch: Watch, wire: WireTarget, parentPath: ParentPath): void {
  const resume = readResumePoint(wire);
  watch.add(wire.targetId ?? 0, readTarget(database, wire, parentPath), {
    ...(resume ? { resume } : {}),
    once: wire.once ?? false,
  });
}

function readTarget({ name }: Database, wire: WireTarget, parentPath: ParentPath): WatchTarget {
  if (wire.query)
    return { query: readQuery(parentPath(wire.query.parent ?? ''), wire.query.structuredQuery) };
  return { documents: (wire.documents?.documents ?? []).map((each) => pathIn(name, each)) };
}

function readResumePoint({ resumeToken, readTime, expectedCount }: WireTarget): ResumePoint | undefined {
  const count = expectedCount && { expectedCount: expectedCount.value ?? 0 };
  if (resumeToken?.length) return { token: Buffer.from(resumeToken).toString(), ...count };
  return readTime && { readTime: readMicros(readTime), ...count };
}

/** An event as the ListenResponse that says it. */
export function writeEvent(database: Database, watch: Watch, event: WatchEvent): object {
  const name = (path: string) => `${database.root}/${path}`;
  switch (event.kind) {
    case 'added':
      return { targetChange: { targetChangeType: 'ADD', targetIds: [event.target] } };
    case 'removed':
      return {
        targetChange: {
          targetChangeType: 'REMOVE',
          targetIds: [event.target],
          ...(event.cause ? { cause: writeStatus(event.cause) } : {}),
        },
      };
    case 'reset':
      return { targetChange: { targetChangeType: 'RESET', targetIds: [event.target] } };
    case 'changed':
      return {
        documentChange: {
          document: writeDocument(database.root, event.document),
          targetIds: [event.target],
        },
      };
    case 'deleted':
    case 'left': {
      const gone = {
        document: name(event.path),
        removedTargetIds: [event.target],
        readTime: writeTime(event.readTime),
      };
      return event.kind === 'deleted' ? { documentDelete: gone } : { documentRemove: gone };
    }
    case 'filter':
      return { filter: { targetId: event.target, count: event.count } };
    case 'current':
      return {
        targetChange: {
          targetChangeType: 'CURRENT',
          targetIds: [event.target],
          ...position(watch, event.readTime),
        },
      };
    case 'consistent':
      return { targetChange: { targetChangeType: 'NO_CHANGE', ...position(watch, event.readTime) } };
  }
}

function position(watch: Watch, readTime: number): object {
  return { resumeToken: Buffer.from(watch.tokenFor(readTime)), readTime: writeTime(readTime) };
}

export function writeStatus(error: StatusError): WireStatus {
  return { code: STATUS_CODES[error.status], message: error.message };
}
