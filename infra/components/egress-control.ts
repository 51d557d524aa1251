import * as gcp from '@pulumi/gcp';
import * as pulumi from '@pulumi/pulumi';
import type { Config } from '../config.ts';
import type { Site } from '../site.ts';

type Restricted = Extract<Config['egress'], { mode: 'restricted' }>;

/** Google's APIs, by ranges that lead nowhere else (https://docs.cloud.google.com/vpc/docs/configure-private-google-access). */
const RANGE = { restricted: '199.36.153.4/30', private: '199.36.153.8/30' } as const;
const ADDRESSES = {
  restricted: ['199.36.153.4', '199.36.153.5', '199.36.153.6', '199.36.153.7'],
  private: ['199.36.153.8', '199.36.153.9', '199.36.153.10', '199.36.153.11'],
} as const;
/** What has to be found in that range: the APIs, functions, and images. */
const ZONES = ['googleapis.com', 'run.app', 'pkg.dev'] as const;
const HTTPS = [{ ipProtocol: 'tcp', ports: ['443'] }];

/**
 * What the functions may reach: Google's APIs privately, the hosts that the stack names, and nothing else. Code that was slipped into a
 * dependency can't send what it finds to whoever wrote it.
 */
export class EgressControl extends pulumi.ComponentResource {
  readonly network: gcp.compute.Network;
  readonly subnet: gcp.compute.Subnetwork;
  /** What has to be there before anything runs in the network. */
  readonly guards: readonly pulumi.Resource[];

  constructor(
    name: string,
    { site, egress }: { readonly site: Site; readonly egress: Restricted },
    opts: pulumi.ComponentResourceOptions,
  ) {
    super('mesh:infra:EgressControl', name, {}, opts);
    const { region, prefix } = site.config;
    const compute = { parent: this, dependsOn: site.ready('compute') };
    this.network = new gcp.compute.Network(
      'network',
      {
        name: prefix,
        autoCreateSubnetworks: false,
        // The internet is reached by the address translation below, if at all.
        deleteDefaultRoutesOnCreate: true,
        networkFirewallPolicyEnforcementOrder: 'BEFORE_CLASSIC_FIREWALL',
      },
      compute,
    );
    const network = this.network.id;
    this.subnet = new gcp.compute.Subnetwork(
      'functions',
      {
        name: `${prefix}-functions`,
        region,
        network,
        ipCidrRange: egress.subnet,
        privateIpGoogleAccess: true,
        ...(egress.flowLogs && {
          logConfig: {
            aggregationInterval: 'INTERVAL_5_SEC',
            flowSampling: 0.5,
            metadata: 'INCLUDE_ALL_METADATA',
          },
        }),
      },
      compute,
    );
    const route = (id: string, destRange: string) =>
      new gcp.compute.Route(
        id,
        { name: `${prefix}-${id}`, network, destRange, nextHopGateway: 'default-internet-gateway' },
        compute,
      );
    const open = egress.allow.length > 0;
    this.guards = [
      route('google-apis', RANGE[egress.apis]),
      ...(open ? [route('internet', '0.0.0.0/0'), this.#translation(site)] : []),
      ...this.#firewall(site, egress),
      ...this.#names(site, egress),
    ];
    this.registerOutputs({ network });
  }

  /** Every environment has an address of its own, which providers can be told of. */
  #translation({ config, ready }: Site): pulumi.Resource {
    const { region, prefix } = config;
    const compute = { parent: this, dependsOn: ready('compute') };
    const address = new gcp.compute.Address('nat', { name: `${prefix}-nat`, region }, compute);
    const router = new gcp.compute.Router(
      'router',
      { name: prefix, region, network: this.network.id },
      compute,
    );
    return new gcp.compute.RouterNat(
      'nat',
      {
        name: `${prefix}-nat`,
        region,
        router: router.name,
        natIpAllocateOption: 'MANUAL_ONLY',
        natIps: [address.selfLink],
        sourceSubnetworkIpRangesToNat: 'LIST_OF_SUBNETWORKS',
        subnetworks: [{ name: this.subnet.id, sourceIpRangesToNats: ['ALL_IP_RANGES'] }],
        logConfig: { enable: true, filter: 'ERRORS_ONLY' },
      },
      compute,
    );
  }

  #firewall({ config, ready }: Site, { allow, apis }: Restricted): pulumi.Resource[] {
    const compute = { parent: this, dependsOn: ready('compute') };
    const policy = new gcp.compute.NetworkFirewallPolicy(
      'egress',
      { name: `${config.prefix}-egress`, description: 'What the functions may reach' },
      compute,
    );
    type Match = gcp.types.input.compute.NetworkFirewallPolicyRuleMatch;
    const rule = (id: string, priority: number, action: 'allow' | 'deny', match: Match) =>
      new gcp.compute.NetworkFirewallPolicyRule(
        id,
        {
          firewallPolicy: policy.name,
          ruleName: id,
          priority,
          action,
          direction: 'EGRESS',
          match,
          // Who was refused is worth knowing.
          enableLogging: action === 'deny',
        },
        compute,
      );
    return [
      rule('allow-google-apis', 1000, 'allow', { destIpRanges: [RANGE[apis]], layer4Configs: HTTPS }),
      ...(allow.length > 0
        ? [rule('allow-hosts', 1100, 'allow', { destFqdns: [...allow], layer4Configs: HTTPS })]
        : []),
      rule('deny-all', 65_000, 'deny', {
        destIpRanges: ['0.0.0.0/0'],
        layer4Configs: [{ ipProtocol: 'all' }],
      }),
      new gcp.compute.NetworkFirewallPolicyAssociation(
        'egress',
        {
          name: `${config.prefix}-egress`,
          firewallPolicy: policy.name,
          attachmentTarget: this.network.id,
        },
        compute,
      ),
    ];
  }

  #names({ config, ready }: Site, { apis }: Restricted): pulumi.Resource[] {
    return ZONES.flatMap((domain) => {
      const id = domain.replace('.', '-');
      const dns = { parent: this, dependsOn: ready('dns', 'compute') };
      const zone = new gcp.dns.ManagedZone(
        id,
        {
          name: `${config.prefix}-${id}`,
          dnsName: `${domain}.`,
          description: `${domain}, privately`,
          visibility: 'private',
          privateVisibilityConfig: { networks: [{ networkUrl: this.network.id }] },
        },
        dns,
      );
      return [domain, `*.${domain}`].map(
        (host) =>
          new gcp.dns.RecordSet(
            host.startsWith('*') ? `${id}-all` : id,
            { managedZone: zone.name, name: `${host}.`, type: 'A', ttl: 300, rrdatas: [...ADDRESSES[apis]] },
            dns,
          ),
      );
    });
  }
}
