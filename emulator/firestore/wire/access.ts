import type { AccessControl } from '../../iam/access-control.ts';
import { guarded, type Needs } from '../../iam/guard.ts';
import { principalOf } from '../../iam/principal.ts';
import type { CallInfo, Serve } from '../../wire/api.ts';
import { StatusError } from '../../wire/status.ts';
import type { WireWrite } from './messages.ts';

type Permission = 'create' | 'delete' | 'get' | 'list' | 'update';
type Methods = Readonly<Record<string, Serve>>;

/** https://cloud.google.com/firestore/docs/security/iam#required_permissions */
const NEEDS: Readonly<Record<string, Needs>> = {
  GetDocument: entities(nameOf('name'), 'get'),
  ListDocuments: entities(nameOf('parent'), 'get', 'list'),
  CreateDocument: entities(nameOf('parent'), 'create'),
  UpdateDocument: (request: { readonly document?: { readonly name?: string } }) =>
    needed(request.document?.name, ['create', 'update']),
  DeleteDocument: entities(nameOf('name'), 'delete'),
  ListCollectionIds: entities(nameOf('parent'), 'list'),
  BatchGetDocuments: entities(nameOf('database'), 'get'),
  RunQuery: entities(nameOf('parent'), 'get', 'list'),
  RunAggregationQuery: entities(nameOf('parent'), 'get', 'list'),
  PartitionQuery: entities(nameOf('parent'), 'get', 'list'),
  ExecutePipeline: entities(nameOf('database'), 'get', 'list'),
  Listen: entities(nameOf('database'), 'get', 'list'),
  Commit: ofWrites,
  BatchWrite: ofWrites,
  Write: ofWrites,
  BeginTransaction: ofDatabase,
  Rollback: ofDatabase,
};

/** The methods, refused to callers that lack a permission, where access is enforced. */
export function guardedMethods(methods: Methods, access: AccessControl): Methods {
  return guarded(methods, NEEDS, access, denied);
}

/** The same for one request on a stream. @throws StatusError UNAUTHENTICATED, PERMISSION_DENIED */
export function checkAccess(
  access: AccessControl,
  method: 'Listen' | 'Write',
  request: object,
  info: Pick<CallInfo, 'header'>,
): void {
  if (!access.enforce) return;
  const principal = principalOf(info.header);
  for (const [permission, resource] of NEEDS[method]?.(request as never) ?? [])
    access.require(principal, permission, resource, denied);
}

export function denied(): StatusError {
  return new StatusError('PERMISSION_DENIED', 'Missing or insufficient permissions.');
}

function nameOf(field: string): (request: Readonly<Record<string, unknown>>) => unknown {
  return (request) => request[field];
}

function entities(name: ReturnType<typeof nameOf>, ...permissions: Permission[]): Needs {
  return (request: Readonly<Record<string, unknown>>) => needed(name(request), permissions);
}

function ofWrites({
  database,
  writes = [],
}: {
  readonly database?: string;
  readonly writes?: readonly WireWrite[];
}) {
  return needed(database, [...new Set(writes.flatMap(permissionsOf))]);
}

function permissionsOf({ delete: deleted, currentDocument }: WireWrite): Permission[] {
  if (deleted !== undefined) return ['delete'];
  if (currentDocument?.exists === false) return ['create'];
  return currentDocument ? ['update'] : ['create', 'update'];
}

function ofDatabase({ database }: { readonly database?: string }): [string, string][] {
  return [['datastore.databases.get', databaseIn(database)]];
}

function needed(name: unknown, permissions: readonly Permission[]): [string, string][] {
  return permissions.map((each) => [`datastore.entities.${each}`, databaseIn(name)]);
}

/** `projects/p/databases/d`, of the name of anything in it. */
function databaseIn(name: unknown): string {
  return typeof name === 'string' ? name.split('/').slice(0, 4).join('/') : '';
}
