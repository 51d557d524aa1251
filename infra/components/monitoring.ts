import * as gcp from '@pulumi/gcp';
import * as pulumi from '@pulumi/pulumi';
import { topicOf } from '../../shared/contract/names.ts';
import { type Alert, alertsOf } from '../alerts.ts';
import { dashboardOf } from '../dashboard.ts';
import type { Site } from '../site.ts';
import type { AgentFunction } from './agent-function.ts';

export interface MonitoringArgs {
  readonly site: Site;
  readonly functions: readonly AgentFunction[];
  /** Set where the stack has one: a secret. */
  readonly pagerDutyKey?: pulumi.Output<string> | undefined;
}

/**
 * How much faster than even an error budget may be used up before somebody is called: 2 % of the budget of 28 days in an hour
 * (https://sre.google/workbook/alerting-on-slos/).
 */
const BURN_RATE = 13.4;

/** Who is told of what: the alerts, an objective for each agent with an alert on how fast it is missed, and a dashboard. */
export class Monitoring extends pulumi.ComponentResource {
  readonly channels: readonly gcp.monitoring.NotificationChannel[];
  readonly dashboard: gcp.monitoring.Dashboard;
  readonly #site: Site;

  constructor(
    name: string,
    { site, functions, pagerDutyKey }: MonitoringArgs,
    opts: pulumi.ComponentResourceOptions,
  ) {
    super('mesh:infra:Monitoring', name, {}, opts);
    this.#site = site;
    const { topology, config, ready } = site;
    const monitoring = { parent: this, dependsOn: ready('monitoring') };
    this.channels = [
      ...config.alerts.emails.map(
        (address, at) =>
          new gcp.monitoring.NotificationChannel(
            `email-${at + 1}`,
            { type: 'email', displayName: address, labels: { email_address: address } },
            monitoring,
          ),
      ),
      ...(pagerDutyKey
        ? [
            new gcp.monitoring.NotificationChannel(
              'pagerduty',
              {
                type: 'pagerduty',
                displayName: `${config.prefix} on call`,
                sensitiveLabels: { serviceKey: pagerDutyKey },
              },
              monitoring,
            ),
          ]
        : []),
    ];
    for (const alert of alertsOf(topology, config)) this.#alert(alert);
    for (const { agent, invoker } of functions) this.#objective(agent, invoker);
    this.dashboard = new gcp.monitoring.Dashboard(
      'dashboard',
      { dashboardJson: dashboardOf(topology) },
      monitoring,
    );
    this.registerOutputs();
  }

  #alert({ id, title, severity, runbook, when }: Alert): void {
    const { prefix } = this.#site.config;
    new gcp.monitoring.AlertPolicy(
      id,
      {
        ...this.#told(title, runbook),
        displayName: `${prefix}: ${title}`,
        severity,
        combiner: 'OR',
        conditions: [
          'query' in when
            ? {
                displayName: title,
                conditionPrometheusQueryLanguage: {
                  query: when.query,
                  duration: `${when.forSeconds}s`,
                  evaluationInterval: '60s',
                  // A new environment has no values of a metric yet, and would be refused.
                  disableMetricValidation: true,
                },
              }
            : {
                displayName: title,
                conditionMatchedLog: { filter: when.logged, labelExtractors: { ...when.labels } },
              },
        ],
        alertStrategy: {
          autoClose: '86400s',
          ...('logged' in when && { notificationRateLimit: { period: '300s' } }),
        },
      },
      { parent: this, dependsOn: this.#site.ready('monitoring', 'logging') },
    );
  }

  /** That pushes to the agent are answered well. */
  #objective(agent: string, exists: pulumi.Resource): void {
    const { config, ready } = this.#site;
    const { prefix, region, alerts } = config;
    const service = topicOf(prefix, agent);
    const watched = new gcp.monitoring.GenericService(
      agent,
      {
        serviceId: service,
        displayName: service,
        basicService: {
          serviceType: 'CLOUD_RUN',
          serviceLabels: { service_name: service, location: region },
        },
      },
      { parent: this, dependsOn: [...ready('monitoring'), exists] },
    );
    const objective = new gcp.monitoring.Slo(
      `${agent}-availability`,
      {
        service: watched.serviceId,
        sloId: `${service}-availability`,
        displayName: `${agent}: pushes answered well`,
        goal: alerts.availability,
        rollingPeriodDays: 28,
        basicSli: { availability: { enabled: true } },
      },
      { parent: this },
    );
    const title = `${agent} misses its objective`;
    new gcp.monitoring.AlertPolicy(
      `${agent}-burn`,
      {
        ...this.#told(title, 'rollback'),
        displayName: `${prefix}: ${title}`,
        severity: 'CRITICAL',
        combiner: 'AND',
        // Over an hour, and still so in the last five minutes.
        conditions: ['60m', '5m'].map((window) => ({
          displayName: `${title} (${window})`,
          conditionThreshold: {
            filter: pulumi.interpolate`select_slo_burn_rate("${objective.name}", "${window}")`,
            comparison: 'COMPARISON_GT',
            thresholdValue: BURN_RATE,
            duration: '0s',
          },
        })),
        alertStrategy: { autoClose: '86400s' },
      },
      { parent: this },
    );
  }

  #told(title: string, runbook: string) {
    return {
      notificationChannels: this.channels.map((channel) => channel.name),
      documentation: {
        mimeType: 'text/markdown',
        subject: `${this.#site.config.prefix}: ${title}`,
        content: `${title}. What to do is told in docs/runbooks/${runbook}.md.`,
      },
    };
  }
}
