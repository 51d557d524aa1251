import { StatusError } from '../wire/status.ts';

/**
 * Resource names of Cloud Tasks. The character rules are those of the protocol's documentation of `Task.name`
 * (https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues.tasks).
 */
const LOCATION = 'projects/[A-Za-z0-9:.-]+/locations/[A-Za-z0-9-]+';
const QUEUE = `${LOCATION}/queues/[A-Za-z0-9-]{1,100}`;
const LOCATION_NAME = new RegExp(`^${LOCATION}$`);
const QUEUE_NAME = new RegExp(`^${QUEUE}$`);
const TASK_NAME = new RegExp(`^${QUEUE}/tasks/[A-Za-z0-9_-]{1,500}$`);

/** Throws INVALID_ARGUMENT unless `name` is `projects/P/locations/L`. */
export function checkLocationName(name: string | undefined): string {
  return check(name, LOCATION_NAME, 'projects/PROJECT_ID/locations/LOCATION_ID');
}

/** Throws INVALID_ARGUMENT unless `name` is `projects/P/locations/L/queues/Q`. */
export function checkQueueName(name: string | undefined): string {
  return check(name, QUEUE_NAME, 'projects/PROJECT_ID/locations/LOCATION_ID/queues/QUEUE_ID');
}

/** Throws INVALID_ARGUMENT unless `name` is `projects/P/locations/L/queues/Q/tasks/T`. */
export function checkTaskName(name: string | undefined): string {
  return check(name, TASK_NAME, 'projects/PROJECT_ID/locations/LOCATION_ID/queues/QUEUE_ID/tasks/TASK_ID');
}

/** The resource that holds this one: a task's queue, a queue's location. */
export function parentOf(name: string): string {
  return name.split('/').slice(0, -2).join('/');
}

/** The last segment: the id by which `X-CloudTasks-*` headers call a queue or a task. */
export function idOf(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}

function check(name: string | undefined, form: RegExp, expected: string): string {
  if (name !== undefined && form.test(name)) return name;
  throw new StatusError('INVALID_ARGUMENT', `Invalid resource name "${name ?? ''}": expected ${expected}`);
}
