import { StatusError } from '../../wire/status.ts';
import type { Database } from '../database.ts';
import { formatFieldPath, parseFieldPath } from '../field-path.ts';
import type { FirestoreStore } from '../store.ts';

/** The database of that name, which must have been made or spoken of. @throws StatusError NOT_FOUND, INVALID_ARGUMENT */
export function existing(store: FirestoreStore, name: string): Database {
  const [, project = '', id = ''] = /^projects\/([^/]+)\/databases\/([^/]+)$/.exec(name) ?? [];
  if (id === '') throw malformed(name, 'projects/{project}/databases/{database}');
  const found = store.find(name);
  if (!found)
    throw new StatusError(
      'NOT_FOUND',
      `The database ${id} does not exist for project ${project}. Please visit ` +
        `https://console.cloud.google.com/datastore/setup?project=${project} to add a Cloud Datastore or Cloud Firestore database.`,
    );
  return found;
}

/** The project of `projects/{project}`, with or without a location. @throws StatusError INVALID_ARGUMENT */
export function projectOf(parent: string): string {
  const project = /^projects\/([^/]+)(?:\/locations\/[^/]+)?$/.exec(parent)?.[1];
  if (project === undefined) throw malformed(parent, 'projects/{project}');
  return project;
}

interface GroupName {
  readonly database: string;
  readonly group: string;
  /** What comes after the group, such as an index's id; empty where there is nothing. */
  readonly rest: string;
}

/** Takes `projects/{project}/databases/{database}/collectionGroups/{group}[/{kind}/{rest}]` apart. @throws StatusError INVALID_ARGUMENT */
export function parseGroupName(name: string, kind?: 'indexes' | 'fields'): GroupName {
  const form = /^(projects\/[^/]+\/databases\/[^/]+)\/collectionGroups\/([^/]+)(?:\/([a-z]+)\/(.+))?$/s.exec(
    name,
  );
  const [, database, group, found, rest = ''] = form ?? [];
  if (database === undefined || group === undefined || found !== kind)
    throw malformed(
      name,
      `projects/{project}/databases/{database}/collectionGroups/{collection}${kind ? `/${kind}/{id}` : ''}`,
    );
  return { database, group, rest };
}

/** A field's path in its own form: a name may quote more than it must. `*` stands for all fields. */
export function fieldPathOf(text: string): string {
  return text === '*' ? text : formatFieldPath(parseFieldPath(text));
}

function malformed(name: string, form: string): StatusError {
  return new StatusError('INVALID_ARGUMENT', `Resource name "${name}" is not of the form "${form}".`);
}
