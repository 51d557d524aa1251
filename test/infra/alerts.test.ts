import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { loadContracts } from '../../agents/contracts.ts';
import { type Alert, alertsOf } from '../../infra/alerts.ts';
import { readConfig } from '../../infra/config.ts';
import { dashboardOf } from '../../infra/dashboard.ts';
import { readStackConfig } from '../../infra/preview/stack-config.ts';
import { computeTopology } from '../../shared/topology.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const { values } = await readStackConfig(root, 'dev');
const topology = computeTopology(await loadContracts(), { project: 'p' });
const agents = topology.functions.map(({ agent }) => agent);

/** The alerts of development, with these values in place of its own. */
const alertsWith = (changes: Readonly<Record<string, unknown>> = {}): Alert[] => {
  const config = readConfig(
    {
      ...values,
      ...Object.fromEntries(
        Object.entries(changes).map(([key, value]) => [`agent-mesh:${key}`, JSON.stringify(value)]),
      ),
    },
    'dev',
  );
  return alertsOf(topology, config);
};
const queryOf = (id: string, alerts = alertsWith()): string => {
  const when = alerts.find((alert) => alert.id === id)?.when;
  if (!when || !('query' in when)) throw new Error(`${id} has no query`);
  return when.query;
};
const queries = () => alertsWith().flatMap(({ when }) => ('query' in when ? [when.query] : []));

test('each alert names a runbook that is there', () => {
  const missing = alertsWith().filter(({ runbook }) => !existsSync(`${root}/docs/runbooks/${runbook}.md`));
  expect(missing.map(({ id, runbook }) => `${id}: ${runbook}`)).toEqual([]);
});

test('each query watches every agent', () => {
  for (const query of queries()) {
    const named = new Set([...query.matchAll(/=~"([^"]*)"/g)].flatMap(([, names = '']) => names.split('|')));
    const unwatched = agents.filter(
      (agent) => ![...named].some((name) => name === `mesh-${agent}` || name === `mesh-${agent}-dead`),
    );
    expect(unwatched, query).toEqual([]);
  }
});

describe('the queries of alerts and dashboard', () => {
  const charts = dashboardOf(topology).matchAll(/"prometheusQuery":"((?:[^"\\]|\\.)*)"/g);
  const all = [...queries(), ...[...charts].map(([, query = '']) => JSON.parse(`"${query}"`) as string)];

  test('are closed where they are opened', () => {
    expect(all.length).toBeGreaterThan(18);
    for (const query of all) {
      const plain = query.replaceAll(/"[^"]*"/g, '');
      for (const [open, close] of ['()', '{}', '[]'] as const)
        expect(plain.split(open ?? '').length, query).toBe(plain.split(close ?? '').length);
    }
  });

  // https://docs.cloud.google.com/monitoring/api/metrics_gcp
  test('ask for metrics that Google Cloud has, and for a kind of resource', () => {
    const metrics = new Set([
      'cloudtasks_googleapis_com:queue_task_attempt_count',
      'firestore_googleapis_com:document_read_ops_count',
      'firestore_googleapis_com:document_write_ops_count',
      'pubsub_googleapis_com:subscription_dead_letter_message_count',
      'pubsub_googleapis_com:subscription_num_undelivered_messages',
      'pubsub_googleapis_com:subscription_oldest_unacked_message_age',
      'pubsub_googleapis_com:subscription_push_request_count',
      'pubsub_googleapis_com:topic_send_message_operation_count',
      'run_googleapis_com:container_instance_count',
      'run_googleapis_com:container_memory_utilizations_bucket',
      'run_googleapis_com:container_startup_latencies_bucket',
      'run_googleapis_com:request_count',
      'run_googleapis_com:request_latencies_bucket',
    ]);
    for (const query of all) {
      for (const [metric = ''] of query.matchAll(/\w+_googleapis_com:\w+/g))
        expect(metrics, query).toContain(metric);
      if (!query.includes('firestore')) expect(query).toContain('monitored_resource=');
    }
  });
});

test('what is too much is as the stack says', () => {
  const alerts = alertsWith({
    alerts: { oldestMessageSeconds: 77, errorRatio: 0.25, latencyP99Ms: 1234, coldStartP99Ms: 432 },
  });
  expect(queryOf('oldest-message', alerts)).toMatch(/> 77$/);
  expect(queryOf('error-rate', alerts)).toMatch(/> 0\.25$/);
  expect(queryOf('latency', alerts)).toMatch(/> 1234$/);
  expect(queryOf('cold-start', alerts)).toMatch(/> 432$/);
});

test('an agent with a ceiling of its own is watched by it', () => {
  const functions = { mode: 'function', memory: '512Mi', cpu: 1, minInstances: 0, maxInstances: 100 };
  const query = queryOf(
    'instances',
    alertsWith({ functions: { ...functions, agents: { orders: { maxInstances: 10 } } } }),
  );
  expect(query).toMatch(/service_name=~"mesh-orders"\}\) > 9\b/);
  expect(query).toMatch(/service_name=~"mesh-dead-letters\|[^"]*"\}\) > 90\b/);
});
