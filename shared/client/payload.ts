import { claimCheckOf } from '../contract/claim-check.ts';
import type { Json } from '../contract/json.ts';
import { parseAs } from '../contract/parse.ts';
import type { Schema } from '../contract/schema.ts';
import { payloadOf } from '../kernel/index.ts';
import type { MeshAccess } from './mesh-access.ts';

/** What a claim check stands for; any other payload as it is. Throws `ClaimCheckLost`, `ClaimCheckDamaged`. */
export async function wholePayload(mesh: MeshAccess, payload: Json): Promise<Json> {
  const check = claimCheckOf(payload);
  return check ? payloadOf(check, mesh.blobs) : payload;
}

/** An output as a program gets it: parsed by the schema of its contract. Throws `OutputInvalid`. */
export async function outputFor<Output>(
  mesh: MeshAccess,
  { type, output: schema }: { readonly type: string; readonly output: Schema<Output> | undefined },
  output: Json,
): Promise<Output> {
  // Without a schema the type of the output is `undefined`.
  if (!schema) return undefined as never;
  const whole = await wholePayload(mesh, output);
  return parseAs(schema, whole, 'OutputInvalid', `the output of ${type}`);
}
