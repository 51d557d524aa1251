import { describe, expect, test } from 'vitest';
import { AccessControl, type Decision, type Grant } from '../../../emulator/iam/access-control.ts';
import { accountName, principalOf, serviceAgent } from '../../../emulator/iam/principal.ts';
import { StatusError } from '../../../emulator/wire/status.ts';

const TOPIC = 'projects/p/topics/orders';
const ALICE = 'serviceAccount:alice@p.iam.gserviceaccount.com';
const denied = () => new StatusError('PERMISSION_DENIED', 'no');

function enforcing(...grants: Grant[]): AccessControl {
  return new AccessControl({ enforce: true, grants });
}

describe('access', () => {
  test('is what a role on the resource grants, to its members alone', () => {
    const access = enforcing({ member: ALICE, role: 'roles/pubsub.publisher', resource: TOPIC });
    expect(access.allows(ALICE, 'pubsub.topics.publish', TOPIC)).toBe(true);
    expect(access.allows(ALICE, 'pubsub.topics.delete', TOPIC)).toBe(false);
    expect(access.allows(ALICE, 'pubsub.topics.publish', 'projects/p/topics/orders-dead')).toBe(false);
    expect(access.allows('user:bob@example.com', 'pubsub.topics.publish', TOPIC)).toBe(false);
  });

  test.each([
    ['projects/p', 'secretmanager.versions.access', 'projects/p/secrets/key/versions/latest', true],
    [
      'projects/p/secrets/key',
      'secretmanager.versions.access',
      'projects/p/secrets/key/versions/latest',
      true,
    ],
    [
      'projects/p/secrets/other',
      'secretmanager.versions.access',
      'projects/p/secrets/key/versions/latest',
      false,
    ],
    ['projects/q', 'secretmanager.versions.access', 'projects/p/secrets/key/versions/latest', false],
  ])('on %s holds for what is below it', (resource, permission, on, expected) => {
    const access = enforcing({ member: ALICE, role: 'roles/secretmanager.secretAccessor', resource });
    expect(access.allows(ALICE, permission, on)).toBe(expected);
  });

  test.each([
    ['allUsers', ALICE, true],
    ['allUsers', 'allUsers', true],
    ['allAuthenticatedUsers', ALICE, true],
    ['allAuthenticatedUsers', 'allUsers', false],
    ['user:bob@example.com', 'bob@example.com', true],
    ['domain:example.com', 'user:bob@example.com', true],
    ['domain:example.com', 'user:bob@example.org', false],
    ['user:bob@example.com', 'serviceAccount:bob@example.com', false],
  ])('of %s is the caller %s: %s', (member, principal, expected) => {
    const access = enforcing({ member, role: 'roles/pubsub.viewer', resource: TOPIC });
    expect(access.allows(principal, 'pubsub.topics.get', TOPIC)).toBe(expected);
  });

  test.each([
    ['service-123@gcp-sa-pubsub', true],
    ['service-456@gcp-sa-pubsub', true],
    ['service-123@gcp-sa-cloudscheduler', false],
    ['pubsub', false],
  ])('of %s is Pub/Sub itself, whatever the number of the project: %s', (name, expected) => {
    const member = `serviceAccount:${name}.iam.gserviceaccount.com`;
    const access = enforcing({ member, role: 'roles/pubsub.publisher', resource: TOPIC });
    expect(access.allows(serviceAgent('gcp-sa-pubsub'), 'pubsub.topics.publish', TOPIC)).toBe(expected);
  });

  test('is told of as it is decided, with every grant that allows it', () => {
    const onTopic = { member: ALICE, role: 'roles/pubsub.publisher', resource: TOPIC };
    const onProject = { member: 'allUsers', role: 'roles/pubsub.admin', resource: 'projects/p' };
    const decisions: Decision[] = [];
    const access = new AccessControl({
      enforce: true,
      grants: [onTopic, onProject],
      onDecision: (decision) => decisions.push(decision),
    });
    const permission = 'pubsub.topics.publish';
    expect(access.decide(ALICE, permission, TOPIC)).toBe(true);
    expect(access.decide(ALICE, permission, 'projects/q/topics/orders')).toBe(false);
    expect(access.decide('owner', permission, 'projects/q/topics/orders')).toBe(true);
    expect(decisions).toEqual([
      { principal: ALICE, permission, resource: TOPIC, allowedBy: [onTopic, onProject] },
      { principal: ALICE, permission, resource: 'projects/q/topics/orders', allowedBy: [] },
    ]);
  });

  test('to an account is by the project that its address names', () => {
    const email = 'a@p.iam.gserviceaccount.com';
    expect(accountName(email)).toBe(`projects/p/serviceAccounts/${email}`);
    expect(accountName('a@example.com')).toBe('projects/-/serviceAccounts/a@example.com');
  });

  test('is refused by the words of the service, and nobody is unauthenticated', () => {
    const access = enforcing();
    expect(() => access.require(ALICE, 'pubsub.topics.get', TOPIC, denied)).toThrow(denied());
    expect(() => access.require(undefined, 'pubsub.topics.get', TOPIC, denied)).toThrow(
      expect.objectContaining({ status: 'UNAUTHENTICATED' }),
    );
    expect(() => access.require('owner', 'pubsub.topics.get', TOPIC, denied)).not.toThrow();
  });

  test('is refused to nobody where it is not enforced', () => {
    expect(() => new AccessControl().require(undefined, 'pubsub.topics.get', TOPIC, denied)).not.toThrow();
  });
});

describe('a policy', () => {
  test('replaces what was granted, if its etag is the current one', () => {
    const access = enforcing({ member: ALICE, role: 'roles/pubsub.publisher', resource: TOPIC });
    const { bindings = [], etag } = access.getPolicy(TOPIC);
    expect(bindings).toEqual([{ role: 'roles/pubsub.publisher', members: [ALICE] }]);
    const subscriber = { role: 'roles/pubsub.viewer', members: [ALICE] };
    access.setPolicy(TOPIC, { bindings: [subscriber], ...(etag && { etag }) });
    expect(access.allows(ALICE, 'pubsub.topics.publish', TOPIC)).toBe(false);
    expect(access.allows(ALICE, 'pubsub.topics.get', TOPIC)).toBe(true);
    expect(() => access.setPolicy(TOPIC, { bindings: [], ...(etag && { etag }) })).toThrow(
      expect.objectContaining({ status: 'ABORTED' }),
    );
    expect(access.getPolicy(TOPIC).bindings).toEqual([subscriber]);
  });

  test.each([
    [{ role: 'publisher', members: [] }, 'Invalid role "publisher"'],
    [{ role: 'roles/pubsub.publisher', members: ['alice@example.com'] }, 'type prefix'],
    [{ role: 'roles/pubsub.publisher', members: [], condition: { expression: 'true' } }, 'Conditions'],
  ])('cannot hold %j', (binding, message) => {
    expect(() => new AccessControl().setPolicy(TOPIC, { bindings: [binding] })).toThrow(message);
  });
});

describe('the caller', () => {
  const token = (claims: object) => `Bearer x.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.y`;

  test.each([
    [{ 'x-emulator-principal': ALICE, authorization: 'Bearer owner' }, ALICE],
    [{ 'user-agent': `emulator-principal/${ALICE} grpc-node-js/1.14.7` }, ALICE],
    [{ 'user-agent': 'grpc-node-js/1.14.7', authorization: 'Bearer owner' }, 'owner'],
    [{ authorization: 'Bearer owner' }, 'owner'],
    [{ authorization: token({ email: 'bob@example.com' }) }, 'bob@example.com'],
    [{ authorization: token({}) }, undefined],
    [{ authorization: 'Bearer rubbish' }, undefined],
    [{ authorization: 'Basic abc' }, undefined],
    [{}, undefined],
  ] as const)('with %j is %s', (headers, expected) => {
    expect(principalOf((name) => (headers as Record<string, string>)[name])).toBe(expected);
  });
});
