import { type DeployedGrant, grantsIn } from '../grants.ts';
import { type Graph, ofType } from '../graph.ts';
import { accountEmails, emailOf, fields, type Policy, told, workloadsOf } from '../policy.ts';

const tell = ({ role, member, on }: DeployedGrant) => `${role} on the ${on.kind} ${on.name} for ${member}`;
const grantsWhere = (wrong: (grant: DeployedGrant, graph: Graph) => boolean) => (graph: Graph) =>
  grantsIn(graph)
    .filter((grant) => wrong(grant, graph))
    .map(tell);

/** Roles by which whoever has them on a project can get any other. */
const TAKES_OVER =
  /admin$|serviceAccountTokenCreator|serviceAccountUser|workloadIdentityUser|securityAdmin|serviceAgent$/i;
/** Permissions by which nothing is changed. */
const LOOKS =
  /\.(get|list|getIamPolicy|getMetadata)$|^serviceusage\.services\.use$|^artifactregistry\.repositories\.downloadArtifacts$/;
/** Google's own accounts in a project, of which these may be granted something. */
const GOOGLE =
  /^service-\d+@(gcp-sa-pubsub|gcp-sa-cloudscheduler|serverless-robot-prod)\.iam\.gserviceaccount\.com$/;

/** Who may do what. CIS Google Cloud 4.0: 1.4, 1.5, 1.6, 1.8, 1.9. */
export const accessPolicies: readonly Policy[] = [
  {
    name: 'nothing is granted to everybody',
    breaches: grantsWhere(({ member }) => /^(allUsers|allAuthenticatedUsers)$/.test(member)),
  },
  {
    name: 'no basic role is granted',
    breaches: grantsWhere(({ role }) => /^roles\/(owner|editor|viewer|browser)$/.test(role)),
  },
  {
    name: 'no role of an administrator is granted on the project',
    breaches: grantsWhere(({ role, on }) => on.kind === 'project' && TAKES_OVER.test(role)),
  },
  {
    name: 'a grant adds to those of others and replaces none',
    breaches: ({ resources }) =>
      resources.filter(({ type }) => /IA[Mm](Binding|Policy)$/.test(type)).map(told),
  },
  {
    name: 'no account has a key',
    breaches: (graph) =>
      [...ofType(graph, 'serviceaccount.Key'), ...ofType(graph, 'storage.HmacKey')].map(told),
  },
  {
    name: 'grants go to accounts of the stack, to Google, and to the repository that delivers',
    breaches: grantsWhere(({ member }, graph) => {
      const email = emailOf(member);
      const ours = member.startsWith('serviceAccount:') && accountEmails(graph).has(email);
      return (
        !ours &&
        !GOOGLE.test(email) &&
        !/^principal(Set)?:\/\/iam\.googleapis\.com\/projects\/\d+\//.test(member)
      );
    }),
  },
  {
    name: 'publishing and reading secrets is granted on single topics and secrets',
    breaches: grantsWhere(
      ({ role, on }) => on.kind === 'project' && /^roles\/(pubsub|secretmanager|cloudtasks|run)\./.test(role),
    ),
  },
  {
    name: 'using a database is granted for the one that the stack makes',
    breaches: (graph) => {
      const [database] = ofType(graph, 'firestore.Database');
      const name = `projects/${graph.project}/databases/${String(database?.inputs.name)}`;
      return grantsIn(graph)
        .filter(
          ({ role, condition }) =>
            role.startsWith('roles/datastore.') && condition !== `resource.name == "${name}"`,
        )
        .map(tell);
    },
  },
  {
    name: 'each function runs as an account of its own',
    breaches: (graph) => {
      const accounts = accountEmails(graph);
      const workloads = workloadsOf(graph);
      const pushers = new Set(
        ofType(graph, 'pubsub.Subscription').map(({ inputs }) =>
          String(fields(fields(inputs.pushConfig).oidcToken).serviceAccountEmail),
        ),
      );
      return workloads
        .filter(
          ({ account }) =>
            !accounts.has(account) ||
            pushers.has(account) ||
            workloads.filter((other) => other.account === account).length > 1,
        )
        .map(({ resource, account }) => `${told(resource)} runs as ${account || 'the default account'}`);
    },
  },
  {
    name: 'a function is called by the account that pushes to it, and by nobody else',
    breaches: (graph) =>
      workloadsOf(graph).flatMap(({ resource, name }) => {
        const callers = grantsIn(graph).filter(
          ({ on, role }) => on.kind === 'service' && on.name === name && role === 'roles/run.invoker',
        );
        const [only] = callers;
        const pushed = ofType(graph, 'pubsub.Subscription').every(({ inputs }) => {
          const push = fields(inputs.pushConfig);
          const toThis = String(push.pushEndpoint).startsWith(`https://${name}-`);
          return !toThis || (only && fields(push.oidcToken).serviceAccountEmail === emailOf(only.member));
        });
        return callers.length === 1 && pushed
          ? []
          : [`${told(resource)} is called by ${callers.map(({ member }) => member).join(', ') || 'nobody'}`];
      }),
  },
  {
    name: 'deliveries are known by the numbers of their repository, and what changes by its environment too',
    breaches: (graph) => [
      ...ofType(graph, 'iam.WorkloadIdentityPoolProvider').flatMap((provider) =>
        /repository_owner_id == "\d+" && assertion\.repository_id == "\d+"/.test(
          String(provider.inputs.attributeCondition),
        )
          ? []
          : [`${told(provider)} has the condition ${String(provider.inputs.attributeCondition)}`],
      ),
      ...grantsIn(graph)
        .filter(({ role }) => role === 'roles/iam.workloadIdentityUser')
        .filter(({ member, on }) =>
          on.name.includes('-preview@')
            ? !/\/attribute\.repository_id\/\d+$/.test(member)
            : !/^principal:.*\/subject\/repo:.+:environment:[\w-]+$/.test(member),
        )
        .map(tell),
    ],
  },
  {
    name: 'who previews may change nothing, and who deploys may not grant at will',
    breaches: (graph) => {
      const roles = new Map(
        ofType(graph, 'projects.IAMCustomRole').map((role) => [String(role.inputs.roleId), role]),
      );
      const permissionsOf = (role: string) => {
        const permissions = roles.get(role.slice(role.lastIndexOf('/') + 1))?.inputs.permissions;
        return Array.isArray(permissions) ? permissions.map(String) : [];
      };
      return grantsIn(graph)
        .filter(({ role, member, condition, on }) => {
          if (on.kind !== 'project') return false;
          const permissions = permissionsOf(role);
          const looks = permissions.every((one) => LOOKS.test(one));
          const grants = permissions.includes('resourcemanager.projects.setIamPolicy');
          return (
            (member.includes('-preview@') && !looks) ||
            (grants && !/modifiedGrantsByRole.*hasOnly/.test(condition ?? '')) ||
            permissions.some((one) =>
              /^iam\.(roles|workloadIdentityPool\w*)\.(create|update|delete)$/.test(one),
            )
          );
        })
        .map(tell);
    },
  },
];
