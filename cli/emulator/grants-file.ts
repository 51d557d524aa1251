import { readFile } from 'node:fs/promises';
import type { Grant } from '../../emulator/iam/access-control.ts';
import { MeshError } from '../../shared/contract/errors.ts';

const HINT =
  'It is a list: [{"member":"serviceAccount:a@p.iam.gserviceaccount.com","role":"roles/pubsub.publisher","resource":"projects/p/topics/t"}]';

/**
 * Who may do what, as a file tells it.
 *
 * @throws MeshError `ConfigurationInvalid` naming the grant and the field
 */
export async function readGrants(path: string): Promise<readonly Grant[]> {
  const wrong = (why: string, cause?: unknown) =>
    new MeshError('ConfigurationInvalid', `the grants in ${JSON.stringify(path)} cannot be used: ${why}`, {
      field: '--enforce-iam',
      hint: HINT,
      ...(cause !== undefined && { cause }),
    });
  let list: unknown;
  try {
    list = JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    throw wrong((cause as Error).message, cause);
  }
  if (!Array.isArray(list)) throw wrong('they are not a list');
  return list.map((grant: unknown, at) => {
    const { member, role, resource } = { ...(grant as Partial<Record<keyof Grant, unknown>> | null) };
    if (typeof member !== 'string' || member === '') throw wrong(`[${at}].member is not a text`);
    if (typeof role !== 'string' || !/^(roles|projects\/[^/]+\/roles)\//.test(role)) {
      throw wrong(`[${at}].role is not roles/NAME`);
    }
    if (typeof resource !== 'string' || !resource.startsWith('projects/')) {
      throw wrong(`[${at}].resource does not begin with projects/`);
    }
    return { member, role, resource };
  });
}
