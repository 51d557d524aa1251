import { type Graph, type GraphResource, ofType, shortType } from '../graph.ts';
import { fields, isProduction, list, type Policy, told, workloadsOf } from '../policy.ts';

/** Cloud Run's own, the mesh's own, and what a secret is called. */
const SECRET_NAME = /(SECRET|TOKEN|PASSWORD|PASSWD|CREDENTIAL|PRIVATE|API_KEY|ACCESS_KEY)/;
/** What only a secret looks like: keys of providers, of Google, private keys, tokens. */
const SECRET_VALUE = /(sk_(live|test)_|rk_live_|AIza[\w-]{30}|-----BEGIN|ghp_\w{30}|ya29\.|eyJ[\w-]{20,}\.)/;

/** The API that a resource of a module is made by. */
const API: Readonly<Record<string, string>> = {
  kms: 'cloudkms',
  billing: 'billingbudgets',
  cloudfunctionsv2: 'cloudfunctions',
  cloudrunv2: 'run',
  serviceaccount: 'iam',
};

export const runningPolicies: readonly Policy[] = [
  {
    name: 'a function is reached from inside the project alone',
    breaches: (graph) =>
      workloadsOf(graph)
        .filter(({ ingress }) => !['ALLOW_INTERNAL_ONLY', 'INGRESS_TRAFFIC_INTERNAL_ONLY'].includes(ingress))
        .map(({ resource, ingress }) => `${told(resource)}: ${ingress || 'from everywhere'}`),
  },
  {
    name: 'a function has a number of instances that it may not pass, and says how many messages each handles',
    breaches: (graph) =>
      workloadsOf(graph)
        .filter(
          ({ maxInstances, concurrency }) => !(Number(maxInstances) >= 1) || !(Number(concurrency) >= 1),
        )
        .map(({ resource }) => told(resource)),
  },
  {
    name: 'no environment variable is a secret',
    breaches: (graph) =>
      workloadsOf(graph).flatMap(({ resource, env }) =>
        env
          .filter(
            ([name, value]) =>
              (SECRET_NAME.test(name) && name !== 'MESH_SECRET_VERSIONS') || SECRET_VALUE.test(value),
          )
          .map(([name]) => `${told(resource)}: ${name}`),
      ),
  },
  {
    name: 'an image is pinned by its digest',
    breaches: (graph) =>
      workloadsOf(graph)
        .filter(
          ({ image }) => image !== undefined && image !== 'scratch' && !/@sha256:[0-9a-f]{64}$/.test(image),
        )
        .map(({ resource, image }) => `${told(resource)}: ${image}`),
  },
  {
    name: 'a bundle is named by its content, and none is deleted after another took its name',
    breaches: (graph) =>
      ofType(graph, 'storage.BucketObject')
        .filter(
          ({ inputs, name, deleteBeforeReplace }) =>
            !deleteBeforeReplace ||
            !/\/[0-9a-f]{64}\.(zip|tar\.gz)$/.test(String(inputs.name)) ||
            !String(inputs.name).includes(`/${name.slice(-8)}`),
        )
        .map(told),
  },
  {
    name: 'Cloud Run does not bill an instance that has nothing to do',
    breaches: (graph) =>
      ofType(graph, 'cloudrunv2.Service')
        .filter(
          ({ inputs }) =>
            fields(fields(list(fields(inputs.template).containers)[0]).resources).cpuIdle !== true,
        )
        .map(told),
  },
  {
    name: 'where there is a network, all that a function sends goes through it, and what is not allowed is refused',
    breaches: (graph) => {
      const networks = ofType(graph, 'compute.Network');
      if (networks.length === 0) return [];
      const rules = ofType(graph, 'compute.NetworkFirewallPolicyRule');
      const denies = rules.some(
        ({ inputs }) =>
          inputs.action === 'deny' &&
          inputs.direction === 'EGRESS' &&
          JSON.stringify(fields(inputs.match).destIpRanges) === '["0.0.0.0/0"]',
      );
      const opens = rules.filter(
        ({ inputs }) =>
          inputs.action === 'allow' && list(fields(inputs.match).destIpRanges).includes('0.0.0.0/0'),
      );
      return [
        ...(denies && ofType(graph, 'compute.NetworkFirewallPolicyAssociation').length > 0
          ? []
          : networks.map(told)),
        ...opens.map(told),
        ...workloadsOf(graph)
          .filter(({ inNetwork }) => !inNetwork)
          .map(({ resource }) => told(resource)),
        ...ofType(graph, 'compute.Subnetwork')
          .filter(
            ({ inputs }) =>
              inputs.privateIpGoogleAccess !== true || Number(String(inputs.ipCidrRange).split('/')[1]) > 26,
          )
          .map(told),
        ...networks.filter(({ inputs }) => inputs.autoCreateSubnetworks !== false).map(told),
      ];
    },
  },
  {
    name: 'who did what is kept apart',
    breaches: (graph) => {
      const kept = ofType(graph, 'logging.ProjectSink').some(({ inputs }) =>
        /cloudaudit\.googleapis\.com/.test(String(inputs.filter)),
      );
      return kept ? [] : ['no sink takes the audit logs'];
    },
  },
  {
    name: 'a budget counts this project, by its number',
    breaches: (graph) =>
      ofType(graph, 'billing.Budget')
        .filter(
          ({ inputs }) => !/^\["projects\/\d+"\]$/.test(JSON.stringify(fields(inputs.budgetFilter).projects)),
        )
        .map(told),
  },
  {
    name: 'in production an alert reaches somebody',
    breaches: (graph) =>
      !isProduction(graph)
        ? []
        : ofType(graph, 'monitoring.AlertPolicy')
            .filter(({ inputs }) => list(inputs.notificationChannels).length === 0)
            .map(told),
  },
  {
    name: 'an alert on a metric that has no values yet is not refused',
    breaches: (graph) =>
      ofType(graph, 'monitoring.AlertPolicy')
        .filter(({ inputs }) =>
          list(inputs.conditions).some((condition) => {
            const query = fields(condition).conditionPrometheusQueryLanguage;
            return query !== undefined && fields(query).disableMetricValidation !== true;
          }),
        )
        .map(told),
  },
  {
    name: 'an API that is switched on stays on',
    breaches: (graph) =>
      ofType(graph, 'projects.Service')
        .filter(({ inputs }) => inputs.disableOnDestroy !== false)
        .map(told),
  },
  {
    name: 'a resource is made after the API that makes it was switched on',
    breaches: (graph) => {
      const enabled = new Map(
        ofType(graph, 'projects.Service').map(({ inputs, urn }) => [
          String(inputs.service).split('.')[0],
          urn,
        ]),
      );
      return graph.resources
        .filter((resource) => {
          const [module = ''] = shortType(resource.type).split('.');
          if (!resource.custom || module === 'projects' || !resource.type.startsWith('gcp:')) return false;
          const api = enabled.get(API[module] ?? module);
          return api === undefined || !comesAfter(graph, resource, api);
        })
        .map(told);
    },
  },
  {
    name: 'each resource belongs to a component, and is made by the provider of the stack',
    breaches: ({ resources }) => {
      const components = new Set(resources.filter(({ custom }) => !custom).map(({ urn }) => urn));
      const provider = resources.find(({ type }) => type === 'pulumi:providers:gcp')?.urn;
      const versions = new Set(resources.flatMap(({ version }) => version ?? []));
      return [
        ...resources
          .filter(({ custom, type }) => custom && type.startsWith('gcp:'))
          .filter(
            (each) =>
              !components.has(each.parent ?? '') || each.provider === undefined || each.provider !== provider,
          )
          .map(told),
        ...(versions.size > 1 ? [`made by versions ${[...versions].join(', ')} of the provider`] : []),
      ];
    },
  },
];

/** Whether one waits for the other, however many stand between them. */
function comesAfter({ resources }: Graph, resource: GraphResource, urn: string): boolean {
  const byUrn = new Map(resources.map((each) => [each.urn, each]));
  const seen = new Set<string>();
  const waiting = [...resource.dependencies];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (next === urn) return true;
    if (seen.has(next)) continue;
    seen.add(next);
    waiting.push(...(byUrn.get(next)?.dependencies ?? []));
  }
  return false;
}
