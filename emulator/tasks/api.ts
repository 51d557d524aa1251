import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { AccessControl } from '../iam/access-control.ts';
import { guarded, type Needs } from '../iam/guard.ts';
import { iamMethods } from '../iam/iam-methods.ts';
import { accountName } from '../iam/principal.ts';
import type { Api, Serve } from '../wire/api.ts';
import type { PageRequest } from '../wire/page.ts';
import { Protocol } from '../wire/protocol.ts';
import { StatusError } from '../wire/status.ts';
import {
  listMessage,
  type QueueMessage,
  queueMessage,
  settingsOf,
  type TaskMessage,
  taskInputOf,
  taskMessage,
  type View,
} from './messages.ts';
import { parentOf } from './names.ts';
import type { TaskQueues } from './task-queues.ts';

interface Named {
  readonly name: string;
  readonly responseView?: View;
}

interface Listing extends PageRequest {
  readonly parent: string;
  readonly filter?: string;
  readonly responseView?: View;
}

interface CreateQueue {
  readonly parent: string;
  readonly queue?: QueueMessage;
}

interface UpdateQueue {
  readonly queue?: QueueMessage;
  readonly updateMask?: { readonly paths?: readonly string[] };
}

interface CreateTask {
  readonly parent: string;
  readonly task?: TaskMessage;
  readonly responseView?: View;
}

/** google.cloud.tasks.v2.CloudTasks */
export function tasksApi(core: TaskQueues, access: AccessControl): Api {
  const methods = {
    ...methodsOf(core),
    ...iamMethods({ access, requireResource: (name) => core.getQueue(name) }),
  };
  return {
    protocol: new Protocol(protocolPath()),
    service: 'google.cloud.tasks.v2.CloudTasks',
    methods: guarded(methods, NEEDS, access, denied),
  };
}

/** The package exports no path to its `protos.json`: found from its entry, `build/cjs/src/index.cjs`. */
function protocolPath(): string {
  const entry = createRequire(import.meta.url).resolve('@google-cloud/tasks');
  return join(entry, '../../../protos/protos.json');
}

function methodsOf(core: TaskQueues): Record<string, Serve> {
  const onQueue =
    (act: 'purge' | 'pause' | 'resume'): Serve =>
    ({ name }: Named) => {
      const queue = core.getQueue(name);
      queue[act]();
      return queueMessage(queue);
    };
  return {
    CreateQueue: ({ parent, queue }: CreateQueue) => {
      const message = required('queue', queue);
      return queueMessage(core.createQueue(parent, message.name ?? '', settingsOf(message)));
    },
    UpdateQueue: ({ queue, updateMask }: UpdateQueue) => {
      const message = required('queue', queue);
      return queueMessage(core.updateQueue(message.name ?? '', settingsOf(message, updateMask?.paths)));
    },
    GetQueue: ({ name }: Named) => queueMessage(core.getQueue(name)),
    ListQueues: ({ parent, filter, ...page }: Listing) => {
      refuseFilter(filter);
      return listMessage(core.listQueues(parent, page), 'queues', queueMessage);
    },
    DeleteQueue: ({ name }: Named) => {
      core.deleteQueue(name);
      return {};
    },
    PurgeQueue: onQueue('purge'),
    PauseQueue: onQueue('pause'),
    ResumeQueue: onQueue('resume'),
    CreateTask: ({ parent, task, responseView }: CreateTask) =>
      taskMessage(core.createTask(parent, taskInputOf(required('task', task))), responseView),
    GetTask: ({ name, responseView }: Named) => taskMessage(core.getTask(name), responseView),
    ListTasks: ({ parent, responseView, ...page }: Listing) =>
      listMessage(core.listTasks(parent, page), 'tasks', (task) => taskMessage(task, responseView)),
    DeleteTask: ({ name }: Named) => {
      core.deleteTask(name);
      return {};
    },
    RunTask: ({ name, responseView }: Named) => taskMessage(core.runTask(name), responseView),
  };
}

/** https://cloud.google.com/tasks/docs/reference-access-control */
const NEEDS: Readonly<Record<string, Needs>> = {
  CreateQueue: ({ parent }: CreateQueue) => [['cloudtasks.queues.create', parent]],
  UpdateQueue: ({ queue }: UpdateQueue) => [['cloudtasks.queues.update', queue?.name ?? '']],
  GetQueue: on('cloudtasks.queues.get'),
  ListQueues: ({ parent }: Listing) => [['cloudtasks.queues.list', parent]],
  DeleteQueue: on('cloudtasks.queues.delete'),
  PurgeQueue: on('cloudtasks.queues.purge'),
  PauseQueue: on('cloudtasks.queues.pause'),
  ResumeQueue: on('cloudtasks.queues.resume'),
  GetIamPolicy: ({ resource }: { resource: string }) => [['cloudtasks.queues.getIamPolicy', resource]],
  SetIamPolicy: ({ resource }: { resource: string }) => [['cloudtasks.queues.setIamPolicy', resource]],
  TestIamPermissions: () => [],
  CreateTask: ({ parent, task, responseView }: CreateTask) => [
    ['cloudtasks.tasks.create', parent],
    ...actAs(task),
    ...fullView(responseView, parent),
  ],
  GetTask: ({ name, responseView }: Named) => [
    ['cloudtasks.tasks.get', parentOf(name)],
    ...fullView(responseView, parentOf(name)),
  ],
  ListTasks: ({ parent, responseView }: Listing) => [
    ['cloudtasks.tasks.list', parent],
    ...fullView(responseView, parent),
  ],
  DeleteTask: ({ name }: Named) => [['cloudtasks.tasks.delete', parentOf(name)]],
  RunTask: ({ name, responseView }: Named) => [
    ['cloudtasks.tasks.run', parentOf(name)],
    ...fullView(responseView, parentOf(name)),
  ],
};

function on(permission: string): Needs {
  return ({ name }: Named) => [[permission, name]];
}

function fullView(view: View | undefined, queue: string): [string, string][] {
  return view === 'FULL' ? [['cloudtasks.tasks.fullView', queue]] : [];
}

/** Whoever has a task carry an account's token must be allowed to act as the account. */
function actAs(task: TaskMessage | undefined): [string, string][] {
  const { oidcToken, oauthToken } = task?.httpRequest ?? {};
  const email = oidcToken?.serviceAccountEmail ?? oauthToken?.serviceAccountEmail;
  return email ? [['iam.serviceAccounts.actAs', accountName(email)]] : [];
}

function denied(permission: string, resource: string): StatusError {
  return new StatusError(
    'PERMISSION_DENIED',
    `The principal (user or service account) lacks IAM permission "${permission}" for the resource "${resource}" (or the resource may not exist).`,
  );
}

function required<T>(field: string, value: T | null | undefined): T {
  if (value !== undefined && value !== null) return value;
  throw new StatusError('INVALID_ARGUMENT', `The request's ${field} is required.`);
}

function refuseFilter(filter = ''): void {
  if (filter !== '') throw new StatusError('UNIMPLEMENTED', 'Filters on lists are not served locally.');
}
