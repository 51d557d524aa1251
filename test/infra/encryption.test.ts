import { expect, test } from 'vitest';
import { grantsIn } from '../../infra/preview/grants.ts';
import { ofType } from '../../infra/preview/graph.ts';
import { breachesOf } from '../../infra/preview/policies/index.ts';
import { fields } from '../../infra/preview/policy.ts';
import { capture, PATIENCE_MS } from './stacks.ts';
import { misfits } from './typings.ts';

const main = 'test/infra/programs/encrypting-agent.ts';

test(
  'an agent whose payloads are encrypted brings a key ring, a key, and who may use it',
  async () => {
    const graph = await capture('dev', { main });
    expect(breachesOf(graph)).toEqual([]);
    const made = [...ofType(graph, 'kms.KeyRing'), ...ofType(graph, 'kms.CryptoKey')];
    expect(made.map(({ inputs }) => inputs.name)).toEqual(['mesh', 'mesh']);
    expect(made.flatMap((each) => misfits(each).misfits)).toEqual([]);
    expect(ofType(graph, 'projects.Service').map(({ name }) => name)).toContain('cloudkms');
    const users = grantsIn(graph)
      .filter(({ on }) => on.kind === 'key')
      .map(({ member, role }) => `${member.replace(/@.*/, '')} ${role}`);
    // Whoever may meet what is encrypted: who is called, who calls that, and so on.
    expect(users).toContain('serviceAccount:mesh-another roles/cloudkms.cryptoKeyEncrypterDecrypter');
    expect(users).toContain('serviceAccount:mesh-notifications roles/cloudkms.cryptoKeyEncrypterDecrypter');
    expect(users.join()).not.toContain('dead-letters');
    const another = ofType(graph, 'cloudfunctionsv2.Function').find(({ name }) => name === 'another');
    expect(fields(fields(another?.inputs.serviceConfig).environmentVariables)).toMatchObject({
      MESH_KEY_RING: expect.stringMatching(/^projects\/[^/]+\/locations\/[^/]+\/keyRings\/mesh$/),
    });
  },
  PATIENCE_MS,
);

test(
  'with a key for each tenant the keys of the whole ring may be used, and what uses them is told',
  async () => {
    const config = { 'agent-mesh:encryption': '{"keyPer":"tenant"}' };
    const graph = await capture('dev', { main, config });
    expect(breachesOf(graph)).toEqual([]);
    const grants = grantsIn(graph).filter(({ role }) => role.startsWith('roles/cloudkms.'));
    expect(new Set(grants.map(({ on }) => on.kind))).toEqual(new Set(['key ring']));
    const another = ofType(graph, 'cloudfunctionsv2.Function').find(({ name }) => name === 'another');
    expect(fields(fields(another?.inputs.serviceConfig).environmentVariables)).toMatchObject({
      MESH_KEY_PER: 'tenant',
    });
  },
  PATIENCE_MS,
);
