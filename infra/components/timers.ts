import * as gcp from '@pulumi/gcp';
import * as pulumi from '@pulumi/pulumi';
import type { Site } from '../site.ts';
import type { AgentFunction } from './agent-function.ts';
import type { Messaging } from './messaging.ts';

export interface TimersArgs {
  readonly site: Site;
  readonly functions: readonly AgentFunction[];
  readonly messaging: Messaging;
}

/** The queue of messages for later, and the jobs of schedules. Both publish: neither calls a function. */
export class Timers extends pulumi.ComponentResource {
  readonly queue: gcp.cloudtasks.Queue;

  constructor(name: string, args: TimersArgs, opts: pulumi.ComponentResourceOptions) {
    super('mesh:infra:Timers', name, {}, opts);
    const { site, functions } = args;
    const { config, topology, ready } = site;
    const { region, timers } = config;
    this.queue = new gcp.cloudtasks.Queue(
      'timers',
      {
        name: lastPart(topology.queue),
        location: region,
        rateLimits: { maxDispatchesPerSecond: timers.perSecond, maxConcurrentDispatches: timers.concurrent },
        // A timer that is lost is a run that never goes on: it is tried until Pub/Sub takes it.
        retryConfig: { maxAttempts: -1, minBackoff: '1s', maxBackoff: '60s', maxDoublings: 6 },
        stackdriverLoggingConfig: { samplingRatio: 0.01 },
      },
      { parent: this, dependsOn: ready('cloudtasks') },
    );
    for (const { agent, account } of functions) {
      if (!topology.grants.some((grant) => grant.agent === agent && grant.may === 'schedule')) continue;
      new gcp.cloudtasks.QueueIamMember(
        `${agent}-sets-timers`,
        {
          location: region,
          name: this.queue.name,
          role: 'roles/cloudtasks.enqueuer',
          member: account.member,
        },
        { parent: this },
      );
      // A task may only be given the token of an account that whoever makes it may act as: its own.
      new gcp.serviceaccount.IAMMember(
        `${agent}-acts-as-itself`,
        {
          serviceAccountId: account.name,
          role: 'roles/iam.serviceAccountUser',
          member: account.member,
        },
        { parent: this, dependsOn: ready('iam') },
      );
    }
    this.#schedule(args);
    this.registerOutputs({ queue: this.queue.name });
  }

  #schedule({ site, messaging }: TimersArgs): void {
    const { config, topology, projectNumber, ready } = site;
    const scheduler = pulumi.interpolate`serviceAccount:service-${projectNumber}@gcp-sa-cloudscheduler.iam.gserviceaccount.com`;
    for (const topic of new Set(topology.schedules.map((schedule) => schedule.topic))) {
      new gcp.pubsub.TopicIAMMember(
        `scheduler-to-${topic}`,
        { topic: messaging.topic(topic).id, role: 'roles/pubsub.publisher', member: scheduler },
        { parent: this, dependsOn: ready('cloudscheduler') },
      );
    }
    for (const { name, agent, schedule, cron, timeZone, topic, attributes, data } of topology.schedules) {
      new gcp.cloudscheduler.Job(
        `${agent}-${schedule}`,
        {
          name: lastPart(name),
          region: config.region,
          description: `sends ${attributes['ce-type']} to ${agent}`,
          schedule: cron,
          timeZone,
          paused: config.schedules.paused,
          // Trying again sends no second message: a tick is known by its minute.
          retryConfig: { retryCount: 5, minBackoffDuration: '5s', maxBackoffDuration: '60s' },
          pubsubTarget: {
            topicName: messaging.topic(topic).id,
            attributes: { ...attributes },
            data: Buffer.from(data).toString('base64'),
          },
        },
        { parent: this, dependsOn: ready('cloudscheduler') },
      );
    }
  }
}

const lastPart = (name: string) => name.slice(name.lastIndexOf('/') + 1);
