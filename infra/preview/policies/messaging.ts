import { grantsIn } from '../grants.ts';
import { type Graph, type GraphResource, ofType } from '../graph.ts';
import { emailOf, fields, list, type Policy, told, workloadsOf } from '../policy.ts';

const shortName = (path: unknown) => String(path).slice(String(path).lastIndexOf('/') + 1);
const LONGEST_FILTER_BYTES = 256;

const subscriptions = (graph: Graph) => ofType(graph, 'pubsub.Subscription');
const pushed = (graph: Graph) => subscriptions(graph).filter(({ inputs }) => inputs.pushConfig !== undefined);
const where = (resources: readonly GraphResource[], wrong: (resource: GraphResource) => boolean) =>
  resources.filter(wrong).map(told);
const deadLetterOf = ({ inputs }: GraphResource) =>
  shortName(fields(inputs.deadLetterPolicy).deadLetterTopic);

/** The topics that dead letters go to. */
function deadTopics(graph: Graph): string[] {
  const dead = subscriptions(graph).flatMap((each) =>
    each.inputs.deadLetterPolicy === undefined ? [] : [deadLetterOf(each)],
  );
  return [...new Set(dead)];
}

const isPubSub = (member: string) => /^serviceAccount:service-\d+@gcp-sa-pubsub\./.test(member);

export const messagingPolicies: readonly Policy[] = [
  {
    name: 'no subscription expires',
    breaches: (graph) =>
      where(subscriptions(graph), ({ inputs }) => fields(inputs.expirationPolicy).ttl !== ''),
  },
  {
    name: 'each push carries a token for just its endpoint',
    breaches: (graph) =>
      where(pushed(graph), ({ inputs }) => {
        const push = fields(inputs.pushConfig);
        const { audience, serviceAccountEmail } = fields(push.oidcToken);
        return (
          !serviceAccountEmail ||
          audience !== push.pushEndpoint ||
          !String(push.pushEndpoint).startsWith('https://')
        );
      }),
  },
  {
    name: 'each push is tried again, ever later',
    breaches: (graph) =>
      where(pushed(graph), ({ inputs }) => {
        const { minimumBackoff, maximumBackoff } = fields(inputs.retryPolicy);
        const [least, most] = [
          Number.parseFloat(String(minimumBackoff)),
          Number.parseFloat(String(maximumBackoff)),
        ];
        return !(least > 0 && most >= least && most <= 600);
      }),
  },
  {
    name: 'each push has a dead-letter topic, and 5 to 100 attempts before it',
    breaches: (graph) =>
      where(pushed(graph), ({ inputs }) => {
        const { deadLetterTopic, maxDeliveryAttempts } = fields(inputs.deadLetterPolicy);
        return (
          !deadLetterTopic ||
          deadLetterTopic === inputs.topic ||
          !(Number(maxDeliveryAttempts) >= 5 && Number(maxDeliveryAttempts) <= 100)
        );
      }),
  },
  {
    name: 'a filter has at most 256 bytes',
    breaches: (graph) =>
      where(
        subscriptions(graph),
        ({ inputs }) => Buffer.byteLength(String(inputs.filter ?? '')) > LONGEST_FILTER_BYTES,
      ),
  },
  {
    name: 'a filter, which can not be changed, is told apart by the name of its subscription',
    breaches: (graph) =>
      where(
        subscriptions(graph),
        ({ inputs }) => inputs.filter !== undefined && !/-[0-9a-v]{8}$/.test(String(inputs.name)),
      ),
  },
  {
    name: 'each topic has a subscription',
    breaches: (graph) =>
      where(
        ofType(graph, 'pubsub.Topic'),
        ({ inputs }) => !subscriptions(graph).some((each) => shortName(each.inputs.topic) === inputs.name),
      ),
  },
  {
    name: 'a function is given up on before its message is delivered again',
    breaches: (graph) =>
      workloadsOf(graph).flatMap(({ resource, name, timeoutSeconds }) =>
        pushed(graph)
          .filter(({ inputs }) =>
            String(fields(inputs.pushConfig).pushEndpoint).startsWith(`https://${name}-`),
          )
          .filter(
            ({ inputs }) => !(timeoutSeconds < Number(inputs.ackDeadlineSeconds) && timeoutSeconds < 600),
          )
          .map(
            (each) =>
              `${told(resource)} may take ${timeoutSeconds} s, ${told(each)} waits ${String(each.inputs.ackDeadlineSeconds)} s`,
          ),
      ),
  },
  {
    name: 'Pub/Sub may forward to each dead-letter topic, from each subscription, and push as each account',
    breaches: (graph) => {
      const grants = grantsIn(graph).filter(({ member }) => isPubSub(member));
      const has = (role: string, name: string) =>
        grants.some((grant) => grant.role === role && grant.on.name === name);
      return [
        ...deadTopics(graph).filter((topic) => !has('roles/pubsub.publisher', topic)),
        ...subscriptions(graph)
          .filter(
            ({ inputs }) =>
              inputs.deadLetterPolicy !== undefined && !has('roles/pubsub.subscriber', String(inputs.name)),
          )
          .map(told),
        ...pushed(graph)
          .map(({ inputs }) => String(fields(fields(inputs.pushConfig).oidcToken).serviceAccountEmail))
          .filter((email) => !has('roles/iam.serviceAccountTokenCreator', email)),
      ];
    },
  },
  {
    name: 'somebody is told of each dead letter, and of each that nobody takes',
    breaches: (graph) => {
      const queries = ofType(graph, 'monitoring.AlertPolicy').flatMap(({ inputs }) =>
        list(inputs.conditions).map((each) =>
          String(fields(fields(each).conditionPrometheusQueryLanguage).query),
        ),
      );
      const named = (pattern: RegExp) =>
        new Set(
          queries.flatMap((query) =>
            [...query.matchAll(pattern)].flatMap(([, names = '']) => names.split('|')),
          ),
        );
      const arriving = named(/topic_send_message_operation_count\{[^}]*topic_id=~"([^"]*)"/g);
      const waiting = named(/num_undelivered_messages\{[^}]*subscription_id=~"([^"]*)"/g);
      const dead = deadTopics(graph);
      return [
        ...dead.filter((topic) => !arriving.has(topic)),
        ...subscriptions(graph)
          .filter(({ inputs }) => dead.includes(shortName(inputs.topic)) && !waiting.has(String(inputs.name)))
          .map(told),
      ];
    },
  },
  {
    name: 'agents publish to topics, each by a grant of its own, and so do Pub/Sub and Scheduler',
    breaches: (graph) => {
      const agents = new Set(workloadsOf(graph).map(({ account }) => account));
      return grantsIn(graph)
        .filter(({ role, member }) => {
          const google = /^service-\d+@gcp-sa-(pubsub|cloudscheduler)\./.test(emailOf(member));
          return role === 'roles/pubsub.publisher' && !google && !agents.has(emailOf(member));
        })
        .map(({ member, on }) => `${member} publishes to ${on.name}`);
    },
  },
];
