import type { Grant, Subscription, Topology } from '../shared/topology.ts';
import type { Palette } from './output/palette.ts';
import { table } from './output/table.ts';

/** The topology as tables. */
export function topologyText(topology: Topology, palette: Palette): string {
  const {
    project,
    prefix,
    topics,
    subscriptions,
    functions,
    schedules,
    secrets,
    queue,
    expiring,
    indexes,
    grants,
  } = topology;
  const section = (title: string, text: string) => `${palette.cyan(title)}\n${text}`;
  return [
    `project ${palette.bold(project)}, prefix ${palette.bold(prefix)}, queue ${queue}`,
    section(
      'Topics',
      table(
        topics,
        [
          { title: 'TOPIC', value: ({ name }) => name },
          { title: 'FOR', value: ({ role }) => role },
        ],
        palette,
      ),
    ),
    section(
      'Subscriptions',
      table<Subscription>(
        subscriptions,
        [
          { title: 'SUBSCRIPTION', value: ({ name }) => name },
          { title: 'TOPIC', value: ({ topic }) => topic },
          { title: 'PUSHED TO', value: ({ pushTo }) => pushTo ?? '(kept, to be pulled)' },
          {
            title: 'ATTEMPTS',
            align: 'right',
            value: ({ deadLetter }) => String(deadLetter?.maxAttempts ?? '-'),
          },
          {
            title: 'ACK DEADLINE',
            align: 'right',
            value: ({ ackDeadlineSeconds }) => `${ackDeadlineSeconds} s`,
          },
          { title: 'FILTER', value: ({ filter }) => filter ?? '-' },
        ],
        palette,
      ),
    ),
    section(
      'Functions',
      table(
        functions,
        [
          { title: 'AGENT', value: ({ agent }) => agent },
          { title: 'CONCURRENCY', align: 'right', value: ({ concurrency }) => String(concurrency) },
          { title: 'TIMEOUT', align: 'right', value: ({ timeoutSeconds }) => `${timeoutSeconds} s` },
          {
            title: 'MAY',
            value: ({ agent }) =>
              grants
                .filter((grant) => grant.agent === agent)
                .map(grantText)
                .join(', '),
          },
        ],
        palette,
      ),
    ),
    section(
      'Schedules',
      table(
        schedules,
        [
          { title: 'SCHEDULE', value: ({ agent, schedule }) => `${agent} ${schedule}` },
          { title: 'CRON', value: ({ cron }) => cron },
          { title: 'TIME ZONE', value: ({ timeZone }) => timeZone },
          { title: 'TOPIC', value: ({ topic }) => topic },
          { title: 'SENDS', value: ({ attributes, data }) => `${attributes['ce-type']} ${data}` },
        ],
        palette,
      ),
    ),
    section('Secrets', secrets.join('\n') || 'none'),
    section('Expire', `documents of ${expiring.join(', ')}, by their expireAt`),
    section(
      'Indexes',
      table(
        indexes,
        [
          { title: 'COLLECTION', value: ({ collection }) => collection },
          {
            title: 'FIELDS',
            value: ({ fields }) => fields.map(({ field, order }) => `${field} ${order}`).join(', '),
          },
        ],
        palette,
      ),
    ),
  ].join('\n\n');
}

function grantText(grant: Grant): string {
  switch (grant.may) {
    case 'publish':
      return `publish to ${grant.topic}`;
    case 'read-secret':
      return `read ${grant.secret}`;
    case 'use-database':
      return 'use the database';
    case 'schedule':
      return 'set timers';
    case 'use-keys':
      return `use the keys of ${grant.ring.slice(grant.ring.lastIndexOf('/') + 1)}`;
  }
}
