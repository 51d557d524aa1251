import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { UntypedServiceImplementation } from '@grpc/grpc-js';
import { type Clock, systemClock } from '../../shared/contract/clock.ts';
import type { PageRequest } from '../wire/page.ts';
import { createGrpcServer, openPort } from '../wire/port.ts';
import type { OnRequest } from '../wire/request-log.ts';
import { loadProtocol, serviceOf } from '../wire/service.ts';
import { unary } from '../wire/unary.ts';
import type { Transport } from './dispatch.ts';
import { httpTransport } from './http-transport.ts';
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
import { type TaskFaults, TaskQueues, type TaskQueuesOptions } from './task-queues.ts';

export interface TasksServerOptions extends Partial<TaskQueuesOptions> {
  /** 0, the default, takes any free port. */
  readonly port?: number;
  readonly host?: string;
  readonly clock?: Clock;
  /** How tasks reach their targets; HTTP by default. */
  readonly transport?: Transport;
  readonly faults?: TaskFaults;
  /** Told of each request when it is answered. */
  readonly onRequest?: OnRequest;
}

export interface TasksServer {
  /** `127.0.0.1:<port>`. */
  readonly address: string;
  readonly port: number;
  readonly core: TaskQueues;
  close(): Promise<void>;
}

interface Named {
  readonly name: string;
  readonly responseView?: View;
}

interface Listing extends PageRequest {
  readonly parent: string;
  readonly responseView?: View;
}

/**
 * Starts a local Cloud Tasks that `@google-cloud/tasks` talks to. The client is pointed at it by
 * `{ apiEndpoint: '127.0.0.1', port, sslCreds: credentials.createInsecure(), universeDomain: 'googleapis.com' }`; without the last, the
 * client looks for credentials to learn its universe, down to the metadata server.
 */
export async function startTasks(options: TasksServerOptions = {}): Promise<TasksServer> {
  const http = httpTransport();
  const core = new TaskQueues({
    ...options,
    clock: options.clock ?? systemClock,
    transport: options.transport ?? http,
  });
  const grpc = createGrpcServer(options.onRequest);
  grpc.addService(
    serviceOf(loadProtocol(protocolPath()), 'google.cloud.tasks.v2.CloudTasks'),
    methodsOf(core),
  );
  const { port: wanted = 0, host = '127.0.0.1' } = options;
  const { address, port, close } = await openPort({ port: wanted, host, grpc, onRequest: options.onRequest });
  return {
    address,
    port,
    core,
    async close() {
      core.close();
      http.close();
      await close();
    },
  };
}

/** The package exports no path to its `protos.json`: found from its entry, `build/cjs/src/index.cjs`. */
function protocolPath(): string {
  const entry = createRequire(import.meta.url).resolve('@google-cloud/tasks');
  return join(entry, '../../../protos/protos.json');
}

function methodsOf(core: TaskQueues): UntypedServiceImplementation {
  return {
    CreateQueue: unary(({ parent, queue }: { parent: string; queue: QueueMessage }) =>
      queueMessage(core.createQueue(parent, queue.name ?? '', settingsOf(queue))),
    ),
    UpdateQueue: unary(({ queue, updateMask }: { queue: QueueMessage; updateMask?: { paths?: string[] } }) =>
      queueMessage(core.updateQueue(queue.name ?? '', settingsOf(queue, updateMask?.paths))),
    ),
    GetQueue: unary(({ name }: Named) => queueMessage(core.getQueue(name))),
    ListQueues: unary(({ parent, ...page }: Listing) =>
      listMessage(core.listQueues(parent, page), 'queues', queueMessage),
    ),
    DeleteQueue: unary(({ name }: Named) => {
      core.deleteQueue(name);
      return {};
    }),
    PurgeQueue: unary(({ name }: Named) => {
      const queue = core.getQueue(name);
      queue.purge();
      return queueMessage(queue);
    }),
    PauseQueue: unary(({ name }: Named) => {
      const queue = core.getQueue(name);
      queue.pause();
      return queueMessage(queue);
    }),
    ResumeQueue: unary(({ name }: Named) => {
      const queue = core.getQueue(name);
      queue.resume();
      return queueMessage(queue);
    }),
    CreateTask: unary(
      ({ parent, task, responseView }: { parent: string; task: TaskMessage; responseView?: View }) =>
        taskMessage(core.createTask(parent, taskInputOf(task)), responseView),
    ),
    GetTask: unary(({ name, responseView }: Named) => taskMessage(core.getTask(name), responseView)),
    ListTasks: unary(({ parent, responseView, ...page }: Listing) =>
      listMessage(core.listTasks(parent, page), 'tasks', (task) => taskMessage(task, responseView)),
    ),
    DeleteTask: unary(({ name }: Named) => {
      core.deleteTask(name);
      return {};
    }),
    RunTask: unary(({ name, responseView }: Named) => taskMessage(core.runTask(name), responseView)),
  };
}
