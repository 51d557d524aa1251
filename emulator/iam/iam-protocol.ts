import { Protocol } from '../wire/protocol.ts';

const text = (id: number) => ({ type: 'string', id });
const texts = (id: number) => ({ type: 'string', id, rule: 'repeated' });
const method = (name: string, answer: string) => ({
  requestType: `${name}Request`,
  responseType: answer,
  comment: '',
});

/**
 * `google.iam.v1.IAMPolicy`, for the services whose own protocol does not hold it
 * (https://github.com/googleapis/googleapis/blob/master/google/iam/v1/iam_policy.proto).
 */
export function iamProtocol(): Protocol {
  return Protocol.of('google.iam.v1', {
    IAMPolicy: {
      methods: {
        SetIamPolicy: method('SetIamPolicy', 'Policy'),
        GetIamPolicy: method('GetIamPolicy', 'Policy'),
        TestIamPermissions: method('TestIamPermissions', 'TestIamPermissionsResponse'),
      },
    },
    SetIamPolicyRequest: { fields: { resource: text(1), policy: { type: 'Policy', id: 2 } } },
    GetIamPolicyRequest: { fields: { resource: text(1), options: { type: 'GetPolicyOptions', id: 2 } } },
    GetPolicyOptions: { fields: { requestedPolicyVersion: { type: 'int32', id: 1 } } },
    TestIamPermissionsRequest: { fields: { resource: text(1), permissions: texts(2) } },
    TestIamPermissionsResponse: { fields: { permissions: texts(1) } },
    Policy: {
      fields: {
        version: { type: 'int32', id: 1 },
        etag: { type: 'bytes', id: 3 },
        bindings: { type: 'Binding', id: 4, rule: 'repeated' },
      },
    },
    Binding: { fields: { role: text(1), members: texts(2), condition: { type: 'Expr', id: 3 } } },
    /** `google.type.Expr`: the same on the wire. */
    Expr: { fields: { expression: text(1), title: text(2), description: text(3), location: text(4) } },
  });
}
