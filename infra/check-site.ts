import type { Topology } from '../shared/topology.ts';
import type { Bundles } from './bundles.ts';
import { type Config, wrong } from './config.ts';

/** What looks like a secret, and has no place among settings, which anybody who sees the function can read. */
const SECRET_NAME = /(SECRET|TOKEN|PASSWORD|PASSWD|CREDENTIAL|PRIVATE_KEY|API_KEY|ACCESS_KEY|_KEY$|_PWD$)/;

/**
 * Holds the configuration and the bundles against the topology, before any resource is asked for.
 *
 * @throws MeshError `ConfigurationInvalid`, naming the key and what to do
 */
export function checkSite(config: Config, topology: Topology, bundles: Bundles, stack: string): void {
  const agents = topology.functions.map(({ agent }) => agent);
  if (agents.length === 0)
    throw wrong('agents', 'there are no agents to deploy', stack, 'Add one in the folder agents.');
  const listed = (names: readonly string[]) => (names.length > 0 ? names.join(', ') : 'none');
  for (const agent of Object.keys(config.functions.agents)) {
    const field = `agent-mesh:functions.agents.${agent}`;
    if (!agents.includes(agent))
      throw wrong(
        field,
        `${field} is for an agent that there is not`,
        stack,
        `The agents are: ${listed(agents)}.`,
      );
  }
  for (const secret of Object.keys(config.secretVersions)) {
    const field = `agent-mesh:secretVersions.${secret}`;
    if (!topology.secrets.includes(secret))
      throw wrong(
        field,
        `${field} is a secret that no agent uses`,
        stack,
        `Remove it, or add it to the \`secrets\` of a contract. In use are: ${listed(topology.secrets)}.`,
      );
  }
  const settings = [...new Set(topology.functions.flatMap(({ contract }) => contract.settings))].sort();
  for (const setting of Object.keys(config.settings)) {
    const field = `agent-mesh:settings.${setting}`;
    if (SECRET_NAME.test(setting))
      throw wrong(
        field,
        `${field} has the name of a secret, and settings are not kept secret`,
        stack,
        'Add it to the `secrets` of the contract, and its value to Secret Manager.',
      );
    if (!settings.includes(setting))
      throw wrong(
        field,
        `${field} is a setting that no contract names`,
        stack,
        `Remove it, or add it to the \`settings\` of a contract. There are: ${listed(settings)}.`,
      );
  }
  checkTopics(topology, stack);
  checkAccounts(topology, stack);
  for (const agent of agents) {
    const bundle = bundles[agent];
    if (!bundle)
      throw wrong(
        `bundles.${agent}`,
        `the agent ${agent} has no bundle`,
        stack,
        'Build the bundles anew: npm run build',
      );
    if (config.functions.mode === 'image' && bundle.image === undefined)
      throw wrong(
        `bundles.${agent}.image`,
        `the agent ${agent} has no image, which agent-mesh:functions.mode asks for`,
        stack,
        'Push an image of its bundle and put `image`, pinned by digest, into dist/manifest.json; or use the mode function.',
      );
  }
}

/** A message on a topic without a subscription is dropped silently (I4). */
function checkTopics({ topics, subscriptions, grants }: Topology, stack: string): void {
  const heard = new Set(subscriptions.map(({ topic }) => topic));
  for (const { name } of topics) {
    const publisher = grants.find((grant) => grant.may === 'publish' && grant.topic === name);
    if (!publisher || heard.has(name)) continue;
    throw wrong(
      name,
      `nobody handles the topic ${name}, to which ${publisher.agent} publishes: its messages would vanish`,
      stack,
      `Let an agent subscribe to an event of ${publisher.agent}, or remove \`publishes\` from its contract.`,
    );
  }
}

/** The accounts of a stack that are no agent's. */
export const stackAccounts = (prefix: string) => ({
  build: `${prefix}-build`,
  preview: `${prefix}-preview`,
  deploy: `${prefix}-deploy`,
});

/** An agent that is called as the builder is, or as another's pusher, would share its account. */
function checkAccounts({ functions, prefix }: Topology, stack: string): void {
  const taken = new Map(Object.entries(stackAccounts(prefix)).map(([use, id]) => [id, `who ${use}s`]));
  for (const { agent, accounts } of functions) {
    for (const id of [accounts.runtime, accounts.push]) {
      const other = taken.get(id);
      if (other !== undefined)
        throw wrong(
          `agents.${agent}`,
          `the agent ${agent} would have the account ${id}, which is that of ${other}`,
          stack,
          'Give the agent another name.',
        );
      taken.set(id, `the agent ${agent}`);
    }
  }
}
