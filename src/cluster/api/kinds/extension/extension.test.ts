import assert from 'node:assert/strict';
import { test } from 'node:test';
import { prepareForUpdate, toTable, warningsOf } from '../../index.ts';
import { checkRows, golden, resourceOf, set, statusErrors, updateErrors } from '../testkit/rules.ts';

test('webhooks: their rules, and the word that nobody calls them yet', () => {
  const inject = golden('admissionregistration.k8s.io/v1 MutatingWebhookConfiguration');
  checkRows(inject, [
    ['webhooks.0.name', 'inject', 'webhooks[0].name: Invalid value: "inject": should be a domain with at least three segments separated by dots'],
    ['webhooks.0.sideEffects', undefined, 'webhooks[0].sideEffects: Required value: must specify one of None, NoneOnDryRun'],
    ['webhooks.0.sideEffects', 'Some', 'webhooks[0].sideEffects: Unsupported value: "Some": supported values: "None", "NoneOnDryRun"'],
    ['webhooks.0.admissionReviewVersions', ['v2'], 'webhooks[0].admissionReviewVersions: Invalid value: ["v2"]: must include at least one of v1, v1beta1'],
    ['webhooks.0.timeoutSeconds', 31, 'webhooks[0].timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 seconds'],
    ['webhooks.0.clientConfig.url', 'https://a', 'webhooks[0].clientConfig: Required value: exactly one of url or service is required'],
    [
      'webhooks.0.clientConfig',
      { url: 'http://a/b' },
      'webhooks[0].clientConfig.url: Invalid value: "http": \'https\' is the only allowed URL scheme; desired format: https://host[/path]',
    ],
    [
      'webhooks.0.clientConfig',
      { url: 'https://a/b?c=d' },
      'webhooks[0].clientConfig.url: Invalid value: "c=d": query parameters are not permitted in the URL',
    ],
    ['webhooks.0.clientConfig.service.path', 'x//y', 'webhooks[0].clientConfig.service.path: Invalid value: "x//y": must start with a \'/\''],
    [
      'webhooks.0.rules.0.operations',
      ['CREATE', '*'],
      'webhooks[0].rules[0].operations: Invalid value: ["CREATE","*"]: if \'*\' is present, must not specify other operations',
    ],
    [
      'webhooks.0.rules.0.resources',
      ['pods/*', 'pods/status'],
      'webhooks[0].rules[0].resources[1]: Invalid value: "pods/status": if \'pods/*\' is present, must not specify pods/status',
    ],
    ['webhooks.0.matchConditions', [{ name: 'a', expression: ' ' }], 'webhooks[0].matchConditions[0].expression: Required value'],
    ['webhooks.0.reinvocationPolicy', 'Often', 'webhooks[0].reinvocationPolicy: Unsupported value: "Often": supported values: "IfNeeded", "Never"'],
  ]);
  assert.deepEqual(warningsOf(resourceOf(inject), inject), ['admission webhooks are stored, but this server does not call them yet']);
  const counted = prepareForUpdate(resourceOf(inject), set(inject, 'webhooks', []), set(inject, 'metadata.generation', 4));
  assert.equal(counted.metadata.generation, 5);
});

test('admission policies: their rules, and the word that nobody evaluates them yet', () => {
  const policy = golden('admissionregistration.k8s.io/v1 ValidatingAdmissionPolicy');
  checkRows(policy, [
    ['spec.matchConstraints', undefined, 'spec.matchConstraints: Required value'],
    ['spec.matchConstraints.resourceRules', [], 'spec.matchConstraints.resourceRules: Required value'],
    ['spec.variables.0.name', 'for', 'spec.variables[0].name: Invalid value: "for": must be a valid CEL identifier'],
    ['spec.validations.0.expression', '', 'spec.validations[0].expression: Required value: expression is not specified'],
    [
      'spec.validations.0.reason',
      'Bad',
      'spec.validations[0].reason: Unsupported value: "Bad": supported values: "Forbidden", "Invalid", "RequestEntityTooLarge"',
    ],
    ['spec.paramKind.kind', '', 'spec.paramKind.kind: Required value'],
    ['spec.paramKind.apiVersion', 'a/b/c', 'spec.paramKind.apiVersion: Invalid value: "a/b/c": unexpected GroupVersion string: a/b/c'],
    ['spec.auditAnnotations.1', { key: 'replicas', valueExpression: 'x' }, 'spec.auditAnnotations[1].key: Duplicate value: "replicas"'],
  ]);
  assert.match(warningsOf(resourceOf(policy), policy)[0] ?? '', /does not evaluate them yet/);
  checkRows(golden('admissionregistration.k8s.io/v1 ValidatingAdmissionPolicyBinding'), [
    ['spec.validationActions', ['Deny', 'Warn'], 'spec.validationActions: Invalid value: ["Deny","Warn"]: must not contain both Deny and Warn…'],
    ['spec.paramRef.selector', {}, 'spec.paramRef.name: Forbidden: name and selector are mutually exclusive'],
    ['spec.policyName', '', 'spec.policyName: Required value'],
  ]);
  checkRows(golden('admissionregistration.k8s.io/v1 MutatingAdmissionPolicy'), [
    ['spec.mutations', [], 'spec.mutations: Required value: mutations must contain at least one item'],
    [
      'spec.mutations.0.jsonPatch',
      { expression: '[]' },
      'spec.mutations[0].jsonPatch: Invalid value: "{jsonPatch}": must not be specified when patchType is ApplyConfiguration',
    ],
    [
      'spec.matchConstraints.resourceRules.0.operations',
      ['DELETE'],
      'spec.matchConstraints.resourceRules.operations: Unsupported value: "DELETE": supported values: "*", "CONNECT", "CREATE", "UPDATE"',
    ],
    ['spec.reinvocationPolicy', undefined, 'spec.reinvocationPolicy: Required value'],
  ]);
});

test('APIServices: those of this server alone', () => {
  const service = golden('apiregistration.k8s.io/v1 APIService');
  checkRows(service, [
    ['metadata.name', 'x', 'metadata.name: Invalid value: "x": must be `spec.version+"."+spec.group`: "v1beta1.metrics.example.com"'],
    [
      'spec.service',
      { name: 'metrics', namespace: 'monitoring' },
      'spec.service: Forbidden: API aggregation is not served yet: only APIServices of this server itself, without a service, are taken',
    ],
    ['spec.groupPriorityMinimum', 0, 'spec.groupPriorityMinimum: Invalid value: 0: must be positive and less than 20000'],
    ['spec.caBundle', 'Y2E=', 'spec.caBundle: Invalid value: "2 bytes": local APIServices may not have a caBundle'],
  ]);
  const table = toTable(resourceOf(service), [service], { now_ms: 0, includeObject: 'None' });
  assert.deepEqual(table.rows[0]?.cells.slice(1, 3), ['Local', 'False (MissingEndpoints)']);
});

test('versions of the store, their migrations, and who would lead', () => {
  const version = golden('internal.apiserver.k8s.io/v1alpha1 StorageVersion');
  checkRows(version, [['metadata.name', 'deployments', 'metadata.name: Invalid value: "deployments": name must be in the form of <group>.<resource>']]);
  assert.deepEqual(statusErrors(version, set(version, 'status.commonEncodingVersion', undefined)), [
    'status.commonEncodingVersion: Invalid value: null: the common encoding version is apps/v1',
  ]);
  const migration = golden('storagemigration.k8s.io/v1beta1 StorageVersionMigration');
  checkRows(migration, [['spec.resource.resource', '', 'spec.resource.resource: Required value: resource is required to be set']]);
  assert.match(updateErrors(migration, set(migration, 'spec.resource.resource', 'pods'))[0] ?? '', /field is immutable$/);
  const candidate = golden('coordination.k8s.io/v1beta1 LeaseCandidate');
  checkRows(candidate, [
    ['spec.binaryVersion', '1.34.0', 'spec.binaryVersion: Invalid value: "1.34.0": must be greater than or equal to `emulationVersion`'],
    ['spec.emulationVersion', undefined, "spec.emulationVersion: Required value: must be specified when `strategy` is 'OldestEmulationVersion'"],
    ['spec.binaryVersion', '1.36', 'spec.binaryVersion: Invalid value: "1.36": must be a valid semantic version'],
  ]);
  assert.deepEqual(updateErrors(candidate, set(candidate, 'spec.leaseName', 'x')), ['spec.leaseName: Invalid value: "x": field is immutable']);
});
