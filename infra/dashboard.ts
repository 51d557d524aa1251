import { topicOf } from '../shared/contract/names.ts';
import type { Topology } from '../shared/topology.ts';

interface Chart {
  readonly title: string;
  readonly query: string;
  readonly unit?: string;
}

/** The dashboard of a mesh: what comes in, what waits, what fails, how long it takes, and what it runs on. */
export function dashboardOf({ prefix, functions, subscriptions, queue }: Topology): string {
  const services = `monitored_resource="cloud_run_revision",service_name=~"${functions.map(({ agent }) => topicOf(prefix, agent)).join('|')}"`;
  const all = `monitored_resource="pubsub_subscription",subscription_id=~"${subscriptions.map(({ name }) => name).join('|')}"`;
  const dead = `monitored_resource="pubsub_subscription",subscription_id=~"${subscriptions
    .filter(({ role }) => role === 'dead-letter')
    .map(({ name }) => name)
    .join('|')}"`;
  const quantile = (q: number, metric: string) =>
    `histogram_quantile(${q}, sum by (service_name, le) (rate(${metric}_bucket{${services}}[5m])))`;
  const charts: Chart[] = [
    {
      title: 'Messages handled',
      query: `sum by (service_name) (rate(run_googleapis_com:request_count{${services}}[1m]))`,
      unit: '1/s',
    },
    {
      title: 'Answers by class',
      query: `sum by (response_code_class) (rate(run_googleapis_com:request_count{${services}}[1m]))`,
      unit: '1/s',
    },
    {
      title: 'Messages that wait',
      query: `max by (subscription_id) (pubsub_googleapis_com:subscription_num_undelivered_messages{${all}})`,
    },
    {
      title: 'Age of the oldest',
      query: `max by (subscription_id) (pubsub_googleapis_com:subscription_oldest_unacked_message_age{${all}})`,
      unit: 's',
    },
    {
      title: 'Dead letters',
      query: `sum by (subscription_id) (increase(pubsub_googleapis_com:subscription_push_request_count{${dead}}[5m]))`,
    },
    { title: 'Handling, median', query: quantile(0.5, 'run_googleapis_com:request_latencies'), unit: 'ms' },
    { title: 'Handling, P99', query: quantile(0.99, 'run_googleapis_com:request_latencies'), unit: 'ms' },
    {
      title: 'Cold start, P99',
      query: quantile(0.99, 'run_googleapis_com:container_startup_latencies'),
      unit: 'ms',
    },
    {
      title: 'Instances',
      query: `sum by (service_name) (run_googleapis_com:container_instance_count{${services}})`,
    },
    { title: 'Memory, P99', query: quantile(0.99, 'run_googleapis_com:container_memory_utilizations') },
    {
      title: 'Timers set off',
      query: `sum by (response_code) (rate(cloudtasks_googleapis_com:queue_task_attempt_count{monitored_resource="cloud_tasks_queue",queue_id="${queue.slice(queue.lastIndexOf('/') + 1)}"}[5m]))`,
      unit: '1/s',
    },
    {
      title: 'Documents read and written',
      query:
        'sum (rate(firestore_googleapis_com:document_read_ops_count[5m])) or sum (rate(firestore_googleapis_com:document_write_ops_count[5m]))',
      unit: '1/s',
    },
  ];
  const [columns, width, height] = [48, 24, 16];
  return JSON.stringify({
    displayName: `Agent Mesh ${prefix}`,
    mosaicLayout: {
      columns,
      tiles: charts.map(({ title, query, unit }, at) => ({
        width,
        height,
        ...(at % 2 === 1 && { xPos: width }),
        ...(at > 1 && { yPos: Math.floor(at / 2) * height }),
        widget: {
          title,
          xyChart: {
            dataSets: [
              {
                plotType: 'LINE',
                targetAxis: 'Y1',
                timeSeriesQuery: { prometheusQuery: query, ...(unit && { unitOverride: unit }) },
              },
            ],
          },
        },
      })),
    },
  });
}
