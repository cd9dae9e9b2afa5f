import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toTable } from '../../index.ts';
import { checkRows, golden, resourceOf, set, statusErrors, updateErrors } from '../testkit/rules.ts';

const cells = (key: string) => {
  const object = golden(key);
  return toTable(resourceOf(object), [object], { now_ms: 0, includeObject: 'None' }).rows[0]?.cells;
};

test('roles and bindings', () => {
  checkRows(golden('rbac.authorization.k8s.io/v1 Role'), [
    ['metadata.name', 'a/b', 'metadata.name: Invalid value: "a/b": may not contain \'/\''],
    ['rules.0.verbs', [], 'rules[0].verbs: Required value: verbs must contain at least one value'],
    ['rules.0.nonResourceURLs', ['/x'], 'rules[0].nonResourceURLs: Invalid value: ["/x"]: namespaced rules cannot apply to non-resource URLs'],
  ]);
  checkRows(golden('rbac.authorization.k8s.io/v1 ClusterRole'), [
    ['aggregationRule', {}, 'aggregationRule.clusterRoleSelectors: Required value: at least one clusterRoleSelector required if aggregationRule is non-nil'],
    ['rules.1.resources', ['a'], 'rules[1].nonResourceURLs: Invalid value: ["/healthz"]: rules cannot apply to both regular resources and non-resource URLs'],
  ]);
  const binding = golden('rbac.authorization.k8s.io/v1 RoleBinding');
  checkRows(binding, [
    ['subjects.2.namespace', undefined],
    ['subjects.0.kind', 'Robot', 'subjects[0].kind: Unsupported value: "Robot": supported values: "ServiceAccount", "User", "Group"'],
    ['subjects.2.name', 'A b', 'subjects[2].name: Invalid value: "A b": a lowercase RFC 1123 subdomain…'],
    ['roleRef.kind', 'Group', 'roleRef.kind: Unsupported value: "Group": supported values: "Role", "ClusterRole"'],
  ]);
  checkRows(golden('rbac.authorization.k8s.io/v1 ClusterRoleBinding'), [['subjects.0.namespace', undefined, 'subjects[0].namespace: Required value']]);
  assert.match(updateErrors(binding, set(binding, 'roleRef.name', 'other'))[0] ?? '', /^roleRef: Invalid value: .*: cannot change roleRef$/);
  const [name, role, , ...subjects] = cells('rbac.authorization.k8s.io/v1 RoleBinding') ?? [];
  assert.deepEqual([name, role, ...subjects], ['readers', 'Role/reader', 'jane', 'devs', 'default/builder']);
});

test('a request for a certificate', () => {
  const request = golden('certificates.k8s.io/v1 CertificateSigningRequest');
  const approved = { type: 'Approved', status: 'True', reason: 'Known' };
  checkRows(request, [
    ['spec.request', 'bm9uc2Vuc2U=', 'spec.request: Invalid value: "bm9uc2Vuc2U=": PEM block type must be CERTIFICATE REQUEST'],
    ['spec.usages', ['dancing'], 'spec.usages[0]: Unsupported value: "dancing": supported values: "any", "cert sign", "client auth"…'],
    ['spec.usages', ['client auth', 'client auth'], 'spec.usages[1]: Duplicate value: "client auth"'],
    ['spec.signerName', 'me', 'spec.signerName: Invalid value: "me": must be a fully qualified domain and path of the form \'example.com/signer-name\''],
    ['spec.signerName', 'local/me', 'spec.signerName: Invalid value: "local": should be a domain with at least two segments separated by dots'],
    [
      'spec.signerName',
      'kubernetes.io/legacy-unknown',
      'spec.signerName: Invalid value: "kubernetes.io/legacy-unknown": the legacy signerName is not allowed via this API version',
    ],
    ['spec.expirationSeconds', 10, 'spec.expirationSeconds: Invalid value: 10: may not specify a duration less than 600 seconds (10 minutes)'],
    ['metadata.name', 'Any Name'],
  ]);
  const forged = Buffer.from(
    Buffer.from(`${Reflect.get(Reflect.get(request, 'spec') as object, 'request')}`, 'base64')
      .toString()
      .replace('MIH', 'MIG'),
  ).toString('base64');
  checkRows(request, [['spec.request', forged, `spec.request: Invalid value: ${JSON.stringify(forged)}…`]]);
  const pending = set(request, 'status', {});
  const status = (value: object) => statusErrors(request, set(request, 'status', value));
  assert.deepEqual(statusErrors(pending, set(pending, 'status.conditions', [approved])), [
    'status.conditions: Forbidden: updates may not add a condition of type "Approved"',
  ]);
  assert.deepEqual(status({}), ['status.conditions: Forbidden: updates may not remove a condition of type "Approved"']);
  assert.ok(
    status({ conditions: [approved, { type: 'Failed', status: 'False' }] }).includes(
      'status.conditions[1].status: Unsupported value: "False": supported values: "True"',
    ),
  );
  assert.deepEqual(status({ ...Reflect.get(request, 'status'), certificate: 'bm9uc2Vuc2U=' }), [
    'status.certificate: Invalid value: "<certificate data>": must contain at least one CERTIFICATE PEM block',
  ]);
  assert.deepEqual(cells('certificates.k8s.io/v1 CertificateSigningRequest')?.slice(2), ['kubernetes.io/kube-apiserver-client', 'jane', '60m', 'Approved']);
});

test('bundles of trust', () => {
  const bundle = golden('certificates.k8s.io/v1beta1 ClusterTrustBundle');
  const text = `${Reflect.get(Reflect.get(bundle, 'spec') as object, 'trustBundle')}`;
  checkRows(bundle, [
    [
      'metadata.name',
      'root',
      'metadata.name: Invalid value: "root": ClusterTrustBundle for signerName example.com/mesh must be named with prefix example.com:mesh:',
    ],
    ['spec.trustBundle', '', 'spec.trustBundle: Invalid value: "<value omitted>": at least one trust anchor must be provided'],
    ['spec.trustBundle', `${text}\n${text}`, 'spec.trustBundle: Invalid value: "<value omitted>": duplicate trust anchor (indices [0 1])'],
    ['spec.trustBundle', text.replaceAll('CERTIFICATE', 'KEY'), 'spec.trustBundle: Invalid value: "<value omitted>": entry 0 has bad block type: KEY'],
  ]);
});

test("a Pod's request for a certificate", () => {
  const request = golden('certificates.k8s.io/v1beta1 PodCertificateRequest');
  checkRows(request, [
    ['spec.maxExpirationSeconds', 60, 'spec.maxExpirationSeconds: Invalid value: 60: must be in the range [3600, 7862400]'],
    ['spec.podUID', '', 'spec.podUID: Invalid value: "": must not be empty'],
    ['spec.stubPKCS10Request', 'AAAA', 'spec.stubPKCS10Request: Invalid value: "<value omitted>": must be a valid PKCS#10 CSR'],
    [
      'spec.stubPKCS10Request',
      '',
      'spec: Invalid value: "<value omitted>": exactly one of (stubPKCS10Request) or (pkixPublicKey, proofOfPossession) must be set',
    ],
    ['spec.unverifiedUserAnnotations', { a: 'b' }, 'spec.unverifiedUserAnnotations: Invalid value: "a": must be a domain-prefixed key (such as "acme.io/foo")'],
  ]);
  assert.match(updateErrors(request, set(request, 'spec.podName', 'b'))[0] ?? '', /^spec: Invalid value: .*: field is immutable$/);
  const open = set(request, 'status', undefined);
  assert.deepEqual(statusErrors(open, set(open, 'status.notBefore', '2026-01-01T00:00:00Z')), [
    'status: Invalid value: "<value omitted>": status is immutable unless transitioning to "Issued", "Denied", or "Failed"',
  ]);
  const issued = { type: 'Issued', status: 'True', reason: 'Signed', message: '', lastTransitionTime: '2026-01-01T00:00:00Z' };
  assert.deepEqual(statusErrors(open, set(open, 'status.conditions', [issued])), [
    'status.certificateChain: Invalid value: "": issued certificate chain must contain at least one certificate',
  ]);
});

test('classes of priority and runtime', () => {
  const high = golden('scheduling.k8s.io/v1 PriorityClass');
  checkRows(high, [
    [
      'metadata.name',
      'system-mine',
      "metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only. error: system-mine is not a known system priority class",
    ],
    ['value', 2_000_000_000, 'value: Forbidden: maximum allowed value of a user defined priority is 1000000000'],
    ['preemptionPolicy', 'Always', 'preemptionPolicy: Unsupported value: "Always": supported values: "Never", "PreemptLowerPriority"'],
  ]);
  assert.deepEqual(updateErrors(high, set(high, 'value', 5)), ['value: Forbidden: may not be changed in an update.']);
  assert.deepEqual(updateErrors(high, set(high, 'preemptionPolicy', undefined)), [
    'preemptionPolicy: Invalid value: "PreemptLowerPriority": field is immutable',
  ]);
  const sandboxed = golden('node.k8s.io/v1 RuntimeClass');
  checkRows(sandboxed, [
    ['handler', 'A', 'handler: Invalid value: "A": a lowercase RFC 1123 label…'],
    ['scheduling.tolerations.0.operator', 'Is', 'scheduling.tolerations[0].operator: Unsupported value: "Is": supported values: "Equal", "Exists"'],
  ]);
  assert.deepEqual(updateErrors(sandboxed, set(sandboxed, 'handler', 'kata')), ['handler: Invalid value: "kata": field is immutable']);
});
