import type { AccessControl } from '../iam/access-control.ts';
import { iamMethods } from '../iam/iam-methods.ts';
import { iamProtocol } from '../iam/iam-protocol.ts';
import { principalOf } from '../iam/principal.ts';
import type { Api } from '../wire/api.ts';
import { Protocol } from '../wire/protocol.ts';
import type { ExtraRule } from '../wire/rest/rest-api.ts';
import { StatusError } from '../wire/status.ts';
import type { Broker } from './broker.ts';
import { type Authorize, served } from './methods.ts';
import { publisherMethods } from './publisher-methods.ts';
import { schemaMethods } from './schema-methods.ts';
import { snapshotMethods } from './snapshot-methods.ts';
import { streamingPull } from './streaming-pull.ts';
import { subscriberMethods } from './subscriber-methods.ts';

/** google.pubsub.v1, all of it, and the IAM of its resources. */
export function pubsubApis(broker: Broker, access: AccessControl): Api[] {
  const protocol = new Protocol('@google-cloud/pubsub-api/build/protos/protos.json');
  const authorize: Authorize | undefined = access.enforce
    ? (header, permission, resource) =>
        access.require(principalOf(header), permission, resource, () => notAuthorized())
    : undefined;
  return [
    {
      protocol,
      service: 'google.pubsub.v1.Publisher',
      methods: served(broker, publisherMethods, authorize),
    },
    {
      protocol,
      service: 'google.pubsub.v1.Subscriber',
      methods: served(broker, { ...subscriberMethods, ...snapshotMethods }, authorize),
      streams: { StreamingPull: streamingPull(broker, authorize) },
    },
    {
      protocol,
      service: 'google.pubsub.v1.SchemaService',
      methods: served(broker, schemaMethods, authorize),
    },
    {
      protocol: iamProtocol(),
      service: 'google.iam.v1.IAMPolicy',
      methods: iamMethods({ access, requireResource: (name) => requireResource(broker, name) }),
    },
  ];
}

/** https://cloud.google.com/pubsub/docs/reference/rest/v1/projects.topics */
export const iamRules: readonly ExtraRule[] = ['topics', 'subscriptions', 'snapshots', 'schemas'].flatMap(
  (kind) => {
    const path = `/v1/{resource=projects/*/${kind}/*}`;
    return [
      { method: 'GetIamPolicy', verb: 'GET', path: `${path}:getIamPolicy` },
      { method: 'SetIamPolicy', verb: 'POST', path: `${path}:setIamPolicy`, body: '*' },
      { method: 'TestIamPermissions', verb: 'POST', path: `${path}:testIamPermissions`, body: '*' },
    ];
  },
);

/** Pub/Sub names neither the permission nor the resource. */
function notAuthorized(): StatusError {
  return new StatusError('PERMISSION_DENIED', 'User not authorized to perform this action.');
}

function requireResource(broker: Broker, name: string): void {
  const [, , kind] = name.split('/');
  if (kind === 'topics') broker.getTopic(name);
  else if (kind === 'subscriptions') broker.getSubscription(name);
  else if (kind === 'snapshots') broker.snapshots.get(name);
  else if (kind === 'schemas') broker.schemas.get(name);
  else throw new StatusError('INVALID_ARGUMENT', `Invalid resource name given (name=${name}).`);
}
