import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  applyDefaults,
  type KubeObject,
  matchesFields,
  parseFieldSelector,
  prepareForCreate,
  prepareForUpdate,
  toTable,
  type V1Namespace,
  type V1Node,
} from '../../index.ts';
import { checkRows, createErrors, golden, resourceOf, type Row, set, statusErrors, updateErrors } from '../testkit/rules.ts';

const updates = (base: KubeObject, list: readonly Row[]) => checkRows(base, list, (changed) => updateErrors(base, changed));
const statuses = (base: KubeObject, list: readonly Row[]) => checkRows(base, list, (changed) => statusErrors(base, changed));
const cells = (object: KubeObject) =>
  toTable(resourceOf(object), [object], { now_ms: Date.parse('2026-01-01T00:10:00Z'), includeObject: 'None' }).rows[0]?.cells;

test('a Namespace: its name is a label, its end is its finalizers', () => {
  const plain = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'n' } };
  const resource = resourceOf(plain);
  const made = prepareForCreate(resource, applyDefaults(resource, plain)) as V1Namespace; // a Namespace
  assert.deepEqual(
    [made.metadata.labels, made.spec, made.status],
    [{ 'kubernetes.io/metadata.name': 'n' }, { finalizers: ['kubernetes'] }, { phase: 'Active' }],
  );
  const kept = prepareForUpdate(resource, set(made, 'spec.finalizers', []), made) as V1Namespace; // made of one
  assert.deepEqual(kept.spec, { finalizers: ['kubernetes'] });
  checkRows(plain, [
    ['metadata.name', 'a.b', 'metadata.name: Invalid value: "a.b": must not contain dots'],
    ['spec', { finalizers: ['mine'] }, 'spec.finalizers: Invalid value: "mine": name is neither a standard finalizer name nor is it fully qualified'],
  ]);
  statuses(made, [['status.phase', 'Terminating', 'status.Phase: Invalid value: "Terminating": may only be \'Active\' if `deletionTimestamp` is empty']]);
});

test('a Node', () => {
  const base = golden('v1 Node');
  checkRows(base, [
    [
      'spec.taints.1',
      { key: 'dedicated', effect: 'NoSchedule' },
      'metadata.taints[1]: Duplicate value: {"key":"dedicated","effect":"NoSchedule"}: taints must be unique by key and effect pair',
    ],
    ['spec.taints.0.effect', 'Never', 'metadata.taints[0].effect: Unsupported value: "Never": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"'],
    [
      'spec.podCIDRs',
      ['10.0.0.0/8', '10.1.0.0/16'],
      'spec.podCIDRs: Invalid value: ["10.0.0.0/8","10.1.0.0/16"]: may specify no more than one CIDR for each IP family',
    ],
    ['status.capacity.pods', '1500m', 'status.capacity.pods: Invalid value: "1500m": must be an integer'],
    ['status.declaredFeatures', ['B', 'A'], 'status.declaredFeatures[1]: Invalid value: "A": list must be sorted alphabetically'],
  ]);
  updates(base, [
    ['spec.podCIDRs', ['10.9.0.0/24'], 'spec.podCIDRs: Forbidden: node updates may not change podCIDR except from "" to valid'],
    ['spec.providerID', 'x', 'spec.providerID: Forbidden: node updates may not change providerID except from "" to valid'],
    ['spec.unschedulable', false],
  ]);
  statuses(base, [
    ['status.addresses.2', { type: 'InternalIP', address: '10.0.0.1' }, 'status.addresses[2]: Duplicate value: {"type":"InternalIP","address":"10.0.0.1"}'],
  ]);
  assert.deepEqual(cells(base)?.slice(1, 3), ['Ready,SchedulingDisabled', 'worker']);
  assert.equal(cells(base)?.[8], '6.18 (amd64)');
  const bare = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n' }, spec: { podCIDR: '10.0.0.0/24' }, status: { capacity: { cpu: '1' } } };
  const { spec, status } = applyDefaults(resourceOf(bare), bare) as V1Node; // a Node
  assert.deepEqual([spec?.podCIDRs, status?.allocatable], [['10.0.0.0/24'], { cpu: '1' }]);
  assert.deepEqual(cells(set(bare, 'status.conditions', [{ type: 'Ready', status: 'Unknown' }]))?.[1], 'NotReady');
});

test('a ConfigMap', () => {
  const base = golden('v1 ConfigMap');
  checkRows(base, [
    ['data', { '..a': '' }, 'data[..a]: Invalid value: "..a": must not start with \'..\''],
    ['data', { 'logo.png': '' }, 'data[logo.png]: Invalid value: "logo.png": duplicate of key present in binaryData'],
    ['data', { big: 'x'.repeat(1024 * 1024) }, '[]: Too long: may not be more than 1048576 bytes'],
  ]);
  updates(base, [
    ['binaryData', {}, 'binaryData: Forbidden: field is immutable when `immutable` is set'],
    ['immutable', undefined, 'immutable: Forbidden: field is immutable when `immutable` is set'],
  ]);
});

test('Secrets have the keys of their types', () => {
  const secret = (type: string, data: Record<string, string> = {}) => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 's' },
    type,
    data: Object.fromEntries(Object.entries(data).map(([key, text]) => [key, Buffer.from(text).toString('base64')])),
  });
  const check = (object: KubeObject, ...refusals: readonly string[]) => assert.deepEqual(createErrors(object), refusals);
  check(secret('example.com/any'));
  check(secret('kubernetes.io/tls'), 'data[tls.crt]: Required value', 'data[tls.key]: Required value');
  check(secret('kubernetes.io/basic-auth'), 'data[username]: Required value', 'data[password]: Required value');
  check(secret('kubernetes.io/basic-auth', { username: '' }));
  check(secret('kubernetes.io/ssh-auth', { 'ssh-privatekey': '' }), 'data[ssh-privatekey]: Required value');
  check(secret('kubernetes.io/service-account-token'), 'metadata.annotations[kubernetes.io/service-account.name]: Required value');
  check(secret('kubernetes.io/dockerconfigjson'), 'data[.dockerconfigjson]: Required value');
  check(secret('kubernetes.io/dockerconfigjson', { '.dockerconfigjson': '{}' }));
  const redacted = 'data[.dockerconfigjson]: Invalid value: "<secret contents redacted>": ';
  check(
    secret('kubernetes.io/dockerconfigjson', { '.dockerconfigjson': '[]' }),
    `${redacted}json: cannot unmarshal array into Go value of type map[string]interface {}`,
  );
  check(secret('kubernetes.io/dockerconfigjson', { '.dockerconfigjson': 'x' }), `${redacted}invalid character 'x' looking for beginning of value`);
  updates(golden('v1 Secret'), [['type', 'Opaque', 'type: Invalid value: "Opaque": field is immutable']]);
});

test('a ServiceAccount tells of its Secrets no more than their names', () => {
  const account = set(golden('v1 ServiceAccount'), 'secrets', [{ name: 'a', namespace: 'b' }]);
  const { secrets } = prepareForCreate(resourceOf(account), account) as typeof account & { secrets: unknown };
  assert.deepEqual(secrets, [{ name: 'a' }]);
});

test('a LimitRange', () => {
  const base = golden('v1 LimitRange');
  const at = 'spec.limits[0]';
  checkRows(base, [
    ['spec.limits.0.type', 'Box', `${at}.type: Invalid value: "Box": must be a standard limit type or fully qualified`],
    ['spec.limits.1.type', 'Container', 'spec.limits[1].type: Duplicate value: "Container"'],
    ['spec.limits.1.default', { cpu: '1' }, "spec.limits[1].default: Forbidden: may not be specified when `type` is 'Pod'"],
    [
      'spec.limits.2',
      { type: 'PersistentVolumeClaim' },
      'spec.limits[2].limits: Required value: either minimum or maximum storage value is required, but neither was provided',
    ],
    ['spec.limits.0.min.cpu', '2', `${at}.min[cpu]: Invalid value: "2": min value 2 is greater than max value 1`],
    [
      'spec.limits.0.defaultRequest.cpu',
      '600m',
      `${at}.defaultRequest[cpu]: Invalid value: "600m": default request value 600m is greater than default limit value 500m`,
    ],
    ['spec.limits.0.default.cpu', '1500m', `${at}.default[cpu]: Invalid value: "1": default value 1500m is greater than max value 1`],
    ['spec.limits.0.maxLimitRequestRatio.cpu', '500m', `${at}.maxLimitRequestRatio[cpu]: Invalid value: "500m": ratio 500m is less than 1`],
    ['spec.limits.0.maxLimitRequestRatio.cpu', '21', `${at}.maxLimitRequestRatio[cpu]: Invalid value: "21": ratio 21 is greater than max/min = 20.000000`],
    ['spec.limits.0.max.storage', '1', `${at}.max[storage]: Invalid value: "storage": must be a standard resource for containers`],
  ]);
});

test('a ResourceQuota', () => {
  const base = golden('v1 ResourceQuota');
  const matching = (expression: object) => ({ matchExpressions: [expression] });
  checkRows(base, [
    ['spec.hard', { storage: '1' }, 'spec.hard[storage]: Invalid value: "storage": must be a standard resource for quota'],
    ['spec.hard', { 'count/deployments.apps': '5', 'requests.example.com/gpu': '1' }],
    ['spec.hard', { pods: '-1' }, 'spec.hard[pods]: Invalid value: "-1": must be greater than or equal to 0'],
    ['spec.scopes', ['Odd'], 'spec.scopes: Invalid value: ["Odd"]: unsupported scope'],
    ['spec.scopes', ['BestEffort'], 'spec.scopes: Invalid value: ["BestEffort"]: unsupported scope applied to resource'],
    ['spec.scopes', ['Terminating', 'NotTerminating'], 'spec.scopes: Invalid value: ["Terminating","NotTerminating"]: conflicting scopes'],
    [
      'spec.scopeSelector',
      matching({ scopeName: 'PriorityClass', operator: 'In' }),
      "spec.scopeSelector.matchExpressions.values: Required value: must be at least one value when `operator` is 'In' or 'NotIn' for scope selector",
    ],
    [
      'spec.scopeSelector',
      matching({ scopeName: 'Terminating', operator: 'In', values: ['a'] }),
      'spec.scopeSelector.matchExpressions.operator: Invalid value: "In": must be \'Exists\' when scope is any of…',
    ],
  ]);
  updates(base, [['spec.scopes', [], 'spec.scopes: Invalid value: null: field is immutable']]);
  statuses(base, [['status.used', { pods: '1500m' }, 'status.used[pods]: Invalid value: "1500m": must be an integer']]);
  assert.deepEqual(cells(base)?.slice(1, 3), ['pods: 1/10, requests.cpu: 500m/4', 'limits.memory: 1Gi/8Gi']);
});

test('Leases and who would like them', () => {
  checkRows(golden('coordination.k8s.io/v1 Lease'), [
    ['spec.leaseDurationSeconds', 0, 'spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0'],
    ['spec.strategy', 'Mine', 'spec.strategy.strategy: Unsupported value: "Mine": supported values: "OldestEmulationVersion"'],
    ['spec.strategy', undefined, 'spec.preferredHolder: Forbidden: may only be specified if `strategy` is defined'],
  ]);
  const candidate = golden('coordination.k8s.io/v1beta1 LeaseCandidate');
  checkRows(candidate, [
    ['spec.binaryVersion', '1.36', 'spec.binaryVersion: Invalid value: "1.36": must be a valid semantic version'],
    ['spec.binaryVersion', '1.34.0', 'spec.binaryVersion: Invalid value: "1.34.0": must be greater than or equal to `emulationVersion`'],
    ['spec.emulationVersion', undefined, "spec.emulationVersion: Required value: must be specified when `strategy` is 'OldestEmulationVersion'"],
  ]);
  updates(candidate, [['spec.leaseName', 'other', 'spec.leaseName: Invalid value: "other": field is immutable']]);
});

test('Events of both groups', () => {
  const core = golden('v1 Event');
  checkRows(core, [
    ['reportingComponent', undefined, 'reportingComponent: Required value'],
    ['action', 'x'.repeat(129), 'action: Invalid value: "": can have at most 128 characters'],
    ['message', 'x'.repeat(1025), 'message: Invalid value: "": can have at most 1024 characters'],
    ['involvedObject.namespace', undefined],
  ]);
  const old = set(set(core, 'eventTime', undefined), 'involvedObject.namespace', 'other');
  assert.deepEqual(createErrors(old), ['involvedObject.namespace: Invalid value: "other": does not match event.namespace']);
  const event = golden('events.k8s.io/v1 Event');
  checkRows(event, [
    ['type', 'Odd', 'type: Invalid value: "": has invalid value: Odd'],
    ['deprecatedCount', 1, 'count: Invalid value: "": needs to be unset'],
    ['series.count', 1, 'series.count: Invalid value: "": should be at least 2'],
    ['eventTime', undefined, 'eventTime: Required value'],
  ]);
  updates(event, [
    ['note', 'other', 'message: Invalid value: "other": field is immutable'],
    ['series.count', 4],
  ]);
  assert.deepEqual(cells(core), [
    '9m58s',
    'Normal',
    'Pulling',
    'pod/web-0',
    'spec.containers{main}',
    'kubelet, node-1',
    'pulling the image',
    '10m',
    '3',
    'web-0.1',
  ]);
  assert.deepEqual(cells(event)?.slice(0, 7), ['9m58s', 'Normal', 'Scheduled', 'pod/web-0', '', 'default-scheduler, scheduler-1', 'placed']);
});

test('fields that a kind can be selected by read as nothing done where nothing is said', () => {
  const job = golden('batch/v1 Job');
  const selects = (object: KubeObject, text: string) => matchesFields(parseFieldSelector(resourceOf(object), text), object);
  assert.deepEqual([selects(job, 'status.successful=2'), selects(set(job, 'status', undefined), 'status.successful=0')], [true, true]);
  assert.equal(selects(set(golden('v1 ReplicationController'), 'status', undefined), 'status.replicas=0'), true);
});
