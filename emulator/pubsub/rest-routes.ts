/** A REST call of the API (https://cloud.google.com/pubsub/docs/reference/rest), as its gRPC method and request. */
export interface RestCall {
  readonly method: string;
  readonly request: object;
}

/** Makes a method's request of the resource that the path names, the query and the body. */
type Shape = (
  name: string,
  body: Readonly<Record<string, unknown>>,
  query: Readonly<Record<string, string>>,
) => object;

interface Route {
  readonly verb: string;
  readonly path: RegExp;
  readonly method: string;
  readonly shape: Shape;
}

const TOPIC = '(projects/[^/]+/topics/[^/:]+)';
const SUBSCRIPTION = '(projects/[^/]+/subscriptions/[^/:]+)';
const SNAPSHOT = '(projects/[^/]+/snapshots/[^/:]+)';
const PROJECT = '(projects/[^/]+)';

/** The resource is the message itself. */
const named: Shape = (name, body) => ({ ...body, name });
/** The path names `field` of the request; the rest is in the body. */
const inField =
  (field: string): Shape =>
  (name, body) => ({ ...body, [field]: name });
/** The path names the resource inside `field`. */
const within =
  (field: string): Shape =>
  (name, body) => ({ ...body, [field]: { ...(body[field] as object | undefined), name } });
/** The path names `field`; paging is in the query. */
const listOf =
  (field: string): Shape =>
  (name, _body, query) => ({ ...query, [field]: name });

const ROUTES: readonly Route[] = [
  route('PUT', TOPIC, 'CreateTopic', named),
  route('GET', TOPIC, 'GetTopic', inField('topic')),
  route('PATCH', TOPIC, 'UpdateTopic', within('topic')),
  route('DELETE', TOPIC, 'DeleteTopic', inField('topic')),
  route('GET', `${PROJECT}/topics`, 'ListTopics', listOf('project')),
  route('GET', `${TOPIC}/subscriptions`, 'ListTopicSubscriptions', listOf('topic')),
  route('GET', `${TOPIC}/snapshots`, 'ListTopicSnapshots', listOf('topic')),
  route('POST', `${TOPIC}:publish`, 'Publish', inField('topic')),
  route('PUT', SUBSCRIPTION, 'CreateSubscription', named),
  route('GET', SUBSCRIPTION, 'GetSubscription', inField('subscription')),
  route('PATCH', SUBSCRIPTION, 'UpdateSubscription', within('subscription')),
  route('DELETE', SUBSCRIPTION, 'DeleteSubscription', inField('subscription')),
  route('GET', `${PROJECT}/subscriptions`, 'ListSubscriptions', listOf('project')),
  route('POST', `${SUBSCRIPTION}:pull`, 'Pull', inField('subscription')),
  route('POST', `${SUBSCRIPTION}:acknowledge`, 'Acknowledge', inField('subscription')),
  route('POST', `${SUBSCRIPTION}:modifyAckDeadline`, 'ModifyAckDeadline', inField('subscription')),
  route('POST', `${SUBSCRIPTION}:modifyPushConfig`, 'ModifyPushConfig', inField('subscription')),
  route('POST', `${SUBSCRIPTION}:detach`, 'DetachSubscription', inField('subscription')),
  route('POST', `${SUBSCRIPTION}:seek`, 'Seek', inField('subscription')),
  route('PUT', SNAPSHOT, 'CreateSnapshot', named),
  route('GET', SNAPSHOT, 'GetSnapshot', inField('snapshot')),
  route('PATCH', SNAPSHOT, 'UpdateSnapshot', within('snapshot')),
  route('DELETE', SNAPSHOT, 'DeleteSnapshot', inField('snapshot')),
  route('GET', `${PROJECT}/snapshots`, 'ListSnapshots', listOf('project')),
];

/** What a request asks for; undefined when there is nothing at that path. */
export function routeRest(
  verb: string,
  url: URL,
  body: Readonly<Record<string, unknown>>,
): RestCall | undefined {
  const path = decodePath(url.pathname);
  for (const { verb: routeVerb, path: pattern, method, shape } of ROUTES) {
    const name = routeVerb === verb && pattern.exec(path)?.[1];
    if (name) return { method, request: shape(name, body, Object.fromEntries(url.searchParams)) };
  }
  return undefined;
}

function route(verb: string, path: string, method: string, shape: Shape): Route {
  return { verb, path: new RegExp(`^/v1/${path}$`), method, shape };
}

function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
