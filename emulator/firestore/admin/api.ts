import type { AccessControl } from '../../iam/access-control.ts';
import { guarded, type Needs } from '../../iam/guard.ts';
import type { Api, Serve } from '../../wire/api.ts';
import type { Protocol } from '../../wire/protocol.ts';
import type { ExtraRule } from '../../wire/rest/rest-api.ts';
import { StatusError } from '../../wire/status.ts';
import type { FirestoreStore } from '../store.ts';
import { backupMethods } from './backup-methods.ts';
import { scheduleMethods } from './backup-schedules.ts';
import { Backups } from './backups.ts';
import { DatabaseRecords, databaseMethods } from './database-methods.ts';
import { fieldMethods } from './field-methods.ts';
import { indexMethods } from './index-methods.ts';
import { Operations } from './operations.ts';

/** google.firestore.admin.v1.FirestoreAdmin, and the operations that it answers with. */
export function adminApis(store: FirestoreStore, access: AccessControl, protocol: Protocol): Api[] {
  const operations = new Operations(protocol);
  const records = new DatabaseRecords(store);
  const backups = new Backups(store);
  const methods: Record<string, Serve> = {
    ...indexMethods(store, operations),
    ...fieldMethods(store, operations),
    ...databaseMethods(store, records, operations),
    ...backupMethods(store, records, backups, operations),
    ...scheduleMethods(store, backups),
  };
  for (const name of OF_MONGODB) methods[name] = ofMongodb;
  return [
    {
      protocol,
      service: 'google.firestore.admin.v1.FirestoreAdmin',
      methods: guarded(methods, needsOf(methods), access, denied),
    },
    {
      protocol,
      service: 'google.longrunning.Operations',
      methods: guarded(operations.methods, needsOf(operations.methods), access, denied),
    },
  ];
}

/** User credentials are of databases of the Enterprise edition, by the MongoDB protocol. */
const OF_MONGODB =
  'CreateUserCreds GetUserCreds ListUserCreds EnableUserCreds DisableUserCreds ResetUserPassword DeleteUserCreds'.split(
    ' ',
  );

function ofMongodb(): never {
  throw new StatusError(
    'FAILED_PRECONDITION',
    'User credentials are only available for databases of the Enterprise edition.',
  );
}

/** https://cloud.google.com/firestore/docs/security/iam#required_permissions, as far as the local roles tell them apart. */
function needsOf(methods: Readonly<Record<string, Serve>>): Record<string, Needs> {
  return Object.fromEntries(Object.keys(methods).map((name) => [name, needOf(name)]));
}

function needOf(method: string): Needs {
  const [, verb = 'get', what = ''] = /^(Get|List|Create|Update|Delete)?(.*)$/.exec(method) ?? [];
  const kind = /^(Index|Field)/.test(what) ? 'datastore.indexes' : 'datastore.databases';
  const permission = `${kind}.${verb.toLowerCase()}`;
  return (request: Readonly<Record<string, unknown>>) => {
    const { name, parent, field, database, backupSchedule } = request;
    const inner = (field ?? database ?? backupSchedule) as { readonly name?: string } | undefined;
    const resource = [name, parent, inner?.name].find((each) => typeof each === 'string' && each !== '');
    return [
      [
        permission,
        String(resource ?? '')
          .split('/')
          .slice(0, 4)
          .join('/'),
      ],
    ];
  };
}

function denied(permission: string): StatusError {
  return new StatusError('PERMISSION_DENIED', `Missing or insufficient permissions: ${permission}.`);
}

const OPERATION = 'projects/*/databases/*/operations';

/** Where the service has its operations; their protocol tells of a general place only. */
export const operationRules: readonly ExtraRule[] = [
  { method: 'GetOperation', verb: 'GET', path: `/v1/{name=${OPERATION}/*}` },
  { method: 'ListOperations', verb: 'GET', path: '/v1/{name=projects/*/databases/*}/operations' },
  { method: 'CancelOperation', verb: 'POST', path: `/v1/{name=${OPERATION}/*}:cancel`, body: '*' },
  { method: 'DeleteOperation', verb: 'DELETE', path: `/v1/{name=${OPERATION}/*}` },
];
