import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { denialText, enforce, withDenials } from '../../../cli/local/enforcement.ts';
import { refuseOtherEmulators } from '../../../cli/local/identities.ts';
import { stackGrants } from '../../../cli/local/stack-grants.ts';

const agents = fileURLToPath(new URL('../../../agents', import.meta.url));
const options = { stack: 'dev', agents, project: 'demo-elsewhere', prefix: 'shop' };

describe('the grants of a stack', () => {
  test('are put in place in the project and by the names of the local mesh', async () => {
    const grants = await stackGrants(options);
    const at = 'projects/demo-elsewhere';
    const of = (account: string) => `serviceAccount:${account}@demo-elsewhere.iam.gserviceaccount.com`;
    const push = `${at}/serviceAccounts/shop-orders-push@demo-elsewhere.iam.gserviceaccount.com`;
    for (const [member, role, resource] of [
      [of('shop-orders'), 'roles/pubsub.publisher', `${at}/topics/shop-payments`],
      [of('shop-orders'), 'roles/datastore.user', `${at}/databases/(default)`],
      [of('shop-orders'), 'roles/cloudtasks.enqueuer', `${at}/locations/us-central1/queues/shop-timers`],
      [of('shop-payments'), 'roles/secretmanager.secretAccessor', `${at}/secrets/stripe-api-key`],
      [of('shop-orders-push'), 'roles/run.invoker', `${at}/locations/us-central1/services/shop-orders`],
      [expect.stringContaining('@gcp-sa-pubsub.'), 'roles/iam.serviceAccountTokenCreator', push],
    ])
      expect(grants).toContainEqual({ member, role, resource });
    // None holds for a whole project that is confined to a part of it.
    expect(grants.filter(({ role, resource }) => role === 'roles/datastore.user' && resource === at)).toEqual(
      [],
    );
  });

  test.each([
    ['a stack that is none', { stack: 'nowhere' }, 'NotFound', 'there is no Pulumi.nowhere.yaml'],
    [
      'agents that no program deploys',
      { agents: '/agents' },
      'ConfigurationInvalid',
      'no Pulumi.yaml beside',
    ],
    ['a project that is none', { project: 'P' }, 'ConfigurationInvalid', 'is a project id'],
  ])('can not be had of %s, and it is said why', async (_what, wrong, code, message) => {
    const failure = { code, message: expect.stringContaining(message) };
    await expect(stackGrants({ ...options, ...wrong })).rejects.toMatchObject(failure);
  });
});

describe('a mesh that is held to grants', () => {
  const denial = {
    principal: 'serviceAccount:a@p',
    permission: 'pubsub.topics.publish',
    resource: 'projects/p',
  };

  test('tells of each denial once, and its books do not balance with one', () => {
    const told: string[] = [];
    const enforcement = enforce([], (each) => told.push(denialText(each)));
    for (let time = 0; time < 3; time++)
      enforcement.access.decide(denial.principal, denial.permission, denial.resource);
    expect(enforcement.denials).toEqual([denial]);
    expect(told).toEqual(['serviceAccount:a@p lacks pubsub.topics.publish on projects/p']);
    const books = { balanced: true, checks: [], endings: new Map(), byReason: {} };
    expect(withDenials(books, []).balanced).toBe(true);
    expect(withDenials(books, [denial])).toMatchObject({
      balanced: false,
      checks: [{ name: 'calls denied', ok: false, expected: 0, actual: 1, wrong: told }],
    });
  });

  test.each(['PUBSUB_EMULATOR_HOST', 'FIRESTORE_EMULATOR_HOST'])(
    'takes no server that %s names: others enforce nothing',
    (variable) => {
      expect(() => refuseOtherEmulators({ [variable]: '127.0.0.1:1' })).toThrow(
        expect.objectContaining({ code: 'ConfigurationInvalid', field: variable }),
      );
      expect(() => refuseOtherEmulators({ [variable]: '' })).not.toThrow();
    },
  );
});
