import * as gcp from '@pulumi/gcp';
import * as pulumi from '@pulumi/pulumi';
import type { Config } from '../config.ts';
import type { Site } from '../site.ts';

export interface BudgetArgs {
  readonly site: Site;
  readonly budget: NonNullable<Config['budget']>;
  readonly channels: readonly gcp.monitoring.NotificationChannel[];
}

/** A budget takes five channels at most. */
const CHANNELS = 5;

/** Tells when the project costs more than was thought of. It caps nothing: what does is the most instances of each function. */
export class Budget extends pulumi.ComponentResource {
  constructor(name: string, { site, budget, channels }: BudgetArgs, opts: pulumi.ComponentResourceOptions) {
    super('mesh:infra:Budget', name, {}, opts);
    const { config, projectNumber, ready } = site;
    new gcp.billing.Budget(
      'monthly',
      {
        billingAccount: budget.billingAccount,
        displayName: `${config.project} ${config.prefix}`,
        // Filtered by number: with the id the budget would be made, and count nothing.
        budgetFilter: { projects: [pulumi.interpolate`projects/${projectNumber}`] },
        amount: { specifiedAmount: { currencyCode: budget.currency, units: String(budget.monthly) } },
        thresholdRules: [
          { thresholdPercent: 0.5 },
          { thresholdPercent: 0.9 },
          { thresholdPercent: 1 },
          { thresholdPercent: 1.2, spendBasis: 'FORECASTED_SPEND' },
        ],
        ...(channels.length > 0 && {
          allUpdatesRule: {
            monitoringNotificationChannels: channels.slice(0, CHANNELS).map((channel) => channel.name),
            disableDefaultIamRecipients: false,
          },
        }),
      },
      { parent: this, dependsOn: ready('billingbudgets') },
    );
    this.registerOutputs();
  }
}
