import { StatusError } from '../wire/status.ts';

/** `google.iam.v1.Policy` (https://cloud.google.com/iam/docs/reference/rest/v1/Policy), as it is decoded. */
export interface Policy {
  readonly version?: number;
  readonly bindings?: readonly Binding[];
  readonly etag?: Uint8Array;
}

export interface Binding {
  readonly role: string;
  readonly members: readonly string[];
}

const MEMBER =
  /^(?:allUsers|allAuthenticatedUsers|(?:user|serviceAccount|group|domain|principal|principalSet|deleted|projectOwner|projectEditor|projectViewer):.+)$/;
/** https://cloud.google.com/iam/quotas#limits */
const MOST_MEMBERS = 1500;

/** @throws StatusError INVALID_ARGUMENT naming the role or member that no policy can hold; UNIMPLEMENTED for conditions. */
export function checkBindings(bindings: readonly Partial<Binding & { condition: unknown }>[]): Binding[] {
  const checked = bindings.map(({ role = '', members = [], condition }) => {
    if (condition !== undefined && condition !== null) {
      throw new StatusError('UNIMPLEMENTED', 'Conditions of IAM bindings are not evaluated locally.');
    }
    if (!/^(?:roles|projects\/[^/]+\/roles|organizations\/[^/]+\/roles)\/[\w.]+$/.test(role)) {
      throw invalid(`Invalid role ${JSON.stringify(role)}: expected roles/NAME.`);
    }
    for (const member of members) {
      if (!MEMBER.test(member)) {
        throw invalid(
          `The member ${JSON.stringify(member)} is of an unknown type. Please set a valid type prefix for the member.`,
        );
      }
    }
    return { role, members };
  });
  const count = checked.reduce((sum, { members }) => sum + members.length, 0);
  if (count > MOST_MEMBERS)
    throw invalid(`A policy has at most ${MOST_MEMBERS} members, this one has ${count}.`);
  return checked;
}

function invalid(message: string): StatusError {
  return new StatusError('INVALID_ARGUMENT', message);
}
