import { topicOf } from '../shared/contract/names.ts';
import type { Topology } from '../shared/topology.ts';
import type { Config } from './config.ts';

/** When somebody is told, and what the message says. */
export interface Alert {
  readonly id: string;
  readonly title: string;
  readonly severity: 'CRITICAL' | 'ERROR' | 'WARNING';
  /** The page of docs/runbooks that says what to do. */
  readonly runbook: string;
  /** Either a query that has a value while something is wrong, for as long as `for` says, or a log entry. */
  readonly when:
    | { readonly query: string; readonly forSeconds: number }
    | { readonly logged: string; readonly labels: Readonly<Record<string, string>> };
}

/**
 * The alerts of a mesh. A query covers every agent, and tells them apart: what comes with a new agent is in it, and each agent that
 * fails is an incident of its own. Metrics are named as PromQL wants them (https://docs.cloud.google.com/monitoring/promql/promql-mapping).
 */
export function alertsOf(topology: Topology, { alerts, functions }: Config): Alert[] {
  const { prefix, subscriptions, topics } = topology;
  const anyOf = (names: readonly string[]) => names.join('|');
  const pushed = anyOf(subscriptions.filter(({ pushTo }) => pushTo !== undefined).map(({ name }) => name));
  const dead = topics.filter(({ role }) => role === 'dead-letter').map(({ name }) => name);
  const deadSubscriptions = subscriptions
    .filter(({ role }) => role === 'dead-letter')
    .map(({ name }) => name);
  const services = `monitored_resource="cloud_run_revision",service_name=~"${anyOf(topology.functions.map(({ agent }) => topicOf(prefix, agent)))}"`;
  const p99 = (metric: string) =>
    `histogram_quantile(0.99, sum by (service_name, le) (rate(${metric}_bucket{${services}}[10m])))`;
  const log = `resource.type="cloud_run_revision" AND labels.mesh="${prefix}"`;
  return [
    {
      id: 'dead-letters',
      title: 'A message was given up on',
      severity: 'ERROR',
      runbook: 'dead-letters',
      when: {
        // What the agents give up on, and what Pub/Sub does.
        query: `sum by (topic_id) (increase(pubsub_googleapis_com:topic_send_message_operation_count{monitored_resource="pubsub_topic",topic_id=~"${anyOf(dead)}"}[5m])) > 0 or sum by (subscription_id) (increase(pubsub_googleapis_com:subscription_dead_letter_message_count{monitored_resource="pubsub_subscription",subscription_id=~"${pushed}"}[5m])) > 0`,
        forSeconds: 0,
      },
    },
    {
      id: 'dead-letters-unrecorded',
      title: 'Dead letters are not being recorded',
      severity: 'CRITICAL',
      runbook: 'dead-letters',
      when: {
        query: `max by (subscription_id) (pubsub_googleapis_com:subscription_num_undelivered_messages{monitored_resource="pubsub_subscription",subscription_id=~"${anyOf(deadSubscriptions)}"}) > 0`,
        forSeconds: 600,
      },
    },
    {
      id: 'oldest-message',
      title: 'Messages wait too long',
      severity: 'ERROR',
      runbook: 'stuck-run',
      when: {
        query: `max by (subscription_id) (pubsub_googleapis_com:subscription_oldest_unacked_message_age{monitored_resource="pubsub_subscription",subscription_id=~"${pushed}"}) > ${alerts.oldestMessageSeconds}`,
        forSeconds: 300,
      },
    },
    {
      id: 'push-errors',
      title: 'Pushes are refused',
      severity: 'ERROR',
      runbook: 'stuck-run',
      when: {
        query: `sum by (subscription_id) (rate(pubsub_googleapis_com:subscription_push_request_count{monitored_resource="pubsub_subscription",subscription_id=~"${pushed}",response_class=~"remote_server_4xx|unreachable|invalid"}[10m])) > 0`,
        forSeconds: 600,
      },
    },
    {
      id: 'error-rate',
      title: 'An agent fails too often',
      severity: 'ERROR',
      runbook: 'rollback',
      when: {
        query: `sum by (service_name) (rate(run_googleapis_com:request_count{${services},response_code_class="5xx"}[10m])) / sum by (service_name) (rate(run_googleapis_com:request_count{${services}}[10m])) > ${alerts.errorRatio}`,
        forSeconds: 600,
      },
    },
    {
      id: 'latency',
      title: 'An agent is slow',
      severity: 'WARNING',
      runbook: 'stuck-run',
      when: {
        query: `${p99('run_googleapis_com:request_latencies')} > ${alerts.latencyP99Ms}`,
        forSeconds: 900,
      },
    },
    {
      id: 'cold-start',
      title: 'Instances start slowly',
      severity: 'WARNING',
      runbook: 'raise-a-quota',
      when: {
        query: `${p99('run_googleapis_com:container_startup_latencies')} > ${alerts.coldStartP99Ms}`,
        forSeconds: 900,
      },
    },
    {
      id: 'instances',
      title: 'An agent has nearly as many instances as it may',
      severity: 'WARNING',
      runbook: 'raise-a-quota',
      when: { query: instanceQuery(topology, functions), forSeconds: 600 },
    },
    {
      id: 'memory',
      title: 'An agent is short of memory',
      severity: 'WARNING',
      runbook: 'raise-a-quota',
      when: { query: `${p99('run_googleapis_com:container_memory_utilizations')} > 0.9`, forSeconds: 900 },
    },
    {
      id: 'compensation-failed',
      title: 'A run could not be undone',
      severity: 'CRITICAL',
      runbook: 'compensation-failed',
      when: {
        logged: `${log} AND jsonPayload.metadata.alert="compensation_failed"`,
        labels: { run: 'EXTRACT(jsonPayload.metadata.runId)' },
      },
    },
    {
      id: 'stuck-runs',
      title: 'A run is stuck',
      severity: 'ERROR',
      runbook: 'stuck-run',
      when: {
        logged: `${log} AND jsonPayload.metadata.alert="run_blocked"`,
        labels: { run: 'EXTRACT(jsonPayload.metadata.runId)' },
      },
    },
  ];
}

/** Each agent has a ceiling of its own. */
function instanceQuery(
  { functions, prefix }: Topology,
  { maxInstances, agents }: Config['functions'],
): string {
  const ceilings = new Map<number, string[]>();
  for (const { agent } of functions) {
    const most = agents[agent]?.maxInstances ?? maxInstances;
    ceilings.set(most, [...(ceilings.get(most) ?? []), topicOf(prefix, agent)]);
  }
  return [...ceilings]
    .map(
      ([most, names]) =>
        `sum by (service_name) (run_googleapis_com:container_instance_count{monitored_resource="cloud_run_revision",service_name=~"${names.join('|')}"}) > ${most * 0.9}`,
    )
    .join(' or ');
}
