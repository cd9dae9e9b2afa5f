import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applyDefaults, type KubeObject, toTable, warningsOf } from '../../index.ts';
import { checkRows, golden, resourceOf, set, statusErrors, updateErrors } from '../testkit/rules.ts';

const cells = (object: KubeObject) => toTable(resourceOf(object), [object], { now_ms: 0, includeObject: 'None' }).rows[0]?.cells;

test('claims: the rules of a create, in every version by the same paths', () => {
  const claim = golden('resource.k8s.io/v1 ResourceClaim');
  checkRows(claim, [
    ['spec.devices.requests.0.exactly', undefined, 'spec.devices.requests[0]: Required value: exactly one of `exactly` or `firstAvailable` is required'],
    [
      'spec.devices.requests.0.firstAvailable',
      [{ name: 'a', deviceClassName: 'b' }],
      'spec.devices.requests[0]: Invalid value: null: exactly one of `exactly` or `firstAvailable` is required, but multiple fields are set',
    ],
    ['spec.devices.requests.0.exactly.deviceClassName', '', 'spec.devices.requests[0].exactly.deviceClassName: Required value'],
    [
      'spec.devices.requests.0.exactly.allocationMode',
      'Some',
      'spec.devices.requests[0].exactly.allocationMode: Unsupported value: "Some": supported values: "All", "ExactCount"',
    ],
    ['spec.devices.requests.0.exactly.count', -1, 'spec.devices.requests[0].exactly.count: Invalid value: -1: must be greater than zero'],
    ['spec.devices.requests.1.name', 'big', 'spec.devices.requests[1]: Duplicate value: "big"'],
    [
      'spec.devices.constraints.0.requests',
      ['none'],
      'spec.devices.constraints[0].requests[0]: Invalid value: "none": must be the name of a request in the claim or the name of a request and a subrequest separated by \'/\'',
    ],
    [
      'spec.devices.constraints.0.matchAttribute',
      'model',
      'spec.devices.constraints[0].matchAttribute: Invalid value: "model": a fully qualified name must be a domain and a name separated by a slash',
    ],
    [
      'spec.devices.config.0.opaque.parameters',
      'text',
      'spec.devices.config[0].opaque.parameters: Invalid value: "<value omitted>": must be a valid JSON object',
    ],
    [
      'spec.devices.requests.0.exactly.tolerations.0.operator',
      'Is',
      'spec.devices.requests[0].exactly.tolerations[0].operator: Unsupported value: "Is": supported values: "Equal", "Exists"',
    ],
  ]);
  checkRows(golden('resource.k8s.io/v1beta1 ResourceClaim'), [
    ['spec.devices.requests.0.count', -1, 'spec.devices.requests[0].exactly.count: Invalid value: -1: must be greater than zero'],
    ['spec.devices.requests.0', { name: 'big' }, 'spec.devices.requests[0]: Required value: exactly one of `exactly` or `firstAvailable` is required'],
  ]);
  assert.match(updateErrors(claim, set(claim, 'spec.devices.requests.0.exactly.count', 3))[0] ?? '', /^spec: Invalid value: .*: field is immutable$/);
  assert.deepEqual(warningsOf(resourceOf(claim), claim).length, 2);
});

test('claims: one device unless more are asked for', () => {
  for (const [version, path] of [
    ['v1', 'exactly'],
    ['v1beta1', undefined],
  ] as const) {
    const wanted = { deviceClassName: 'gpu' };
    const request = path === undefined ? { name: 'a', ...wanted } : { name: 'a', [path]: wanted };
    const claim = { apiVersion: `resource.k8s.io/${version}`, kind: 'ResourceClaim', metadata: { name: 'c' }, spec: { devices: { requests: [request] } } };
    const full = { ...wanted, allocationMode: 'ExactCount', count: 1 };
    const expected = path === undefined ? { name: 'a', ...full } : { name: 'a', [path]: full };
    assert.deepEqual(Reflect.get(applyDefaults(resourceOf(claim), claim), 'spec'), { devices: { requests: [expected] } });
  }
});

test('claims: their status', () => {
  const claim = golden('resource.k8s.io/v1 ResourceClaim');
  const pending = set(claim, 'status', {});
  const { devices } = Reflect.get(claim, 'status') as { devices: object[] };
  assert.deepEqual(statusErrors(pending, claim), []);
  assert.deepEqual(statusErrors(pending, set(pending, 'status.reservedFor', [{ resource: 'pods', name: 'a', uid: '1' }])), [
    'status.reservedFor: Forbidden: may not be specified when `allocated` is not set',
  ]);
  assert.match(
    statusErrors(claim, set(claim, 'status.allocation.devices.results.0.device', 'gpu-1')).join('\n'),
    /status.allocation: Invalid value: .*: field is immutable/s,
  );
  assert.ok(
    statusErrors(pending, set(pending, 'status', { devices })).includes(
      'status.devices[0]: Invalid value: "gpu.example.com/node-1/gpu-0/11111111-2222-3333-4444-555555555555": must be an allocated device in the claim',
    ),
  );
  assert.deepEqual([cells(pending)?.[1], cells(claim)?.[1]], ['pending', 'allocated,reserved']);
});

test('slices', () => {
  const slice = golden('resource.k8s.io/v1 ResourceSlice');
  checkRows(slice, [
    ['spec.nodeName', undefined, 'spec: Required value: exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required'],
    [
      'spec.allNodes',
      true,
      'spec: Invalid value: "{`nodeName`, `allNodes`}": exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required, but multiple fields are set',
    ],
    ['spec.pool.resourceSliceCount', 0, 'spec.pool.resourceSliceCount: Invalid value: 0: must be greater than zero'],
    ['spec.devices.0.name', 'GPU', 'spec.devices[0].name: Invalid value: "GPU": a lowercase RFC 1123 label…'],
    ['spec.devices.0.attributes.model', {}, 'spec.devices[0].attributes[model]: Invalid value: "": exactly one value must be specified'],
    [
      'spec.devices.0.attributes.driver',
      { version: '1.2' },
      'spec.devices[0].attributes[driver].version: Invalid value: "1.2": must be a string compatible with semver.org spec 2.0.0',
    ],
    ['spec.devices.0.allowMultipleAllocations', false, 'spec.devices[0].capacity[memory].requestPolicy: Forbidden: allowMultipleAllocations must be true'],
    [
      'spec.devices.0.bindingFailureConditions',
      [],
      'spec.devices[0].bindingFailureConditions: Invalid value: []: bindingFailureConditions are required to use bindingConditions',
    ],
    [
      'spec.devices.0.taints.0.effect',
      'Burn',
      'spec.devices[0].taints[0].effect: Unsupported value: "Burn": supported values: "NoExecute", "NoSchedule", "None"',
    ],
    [
      'spec.devices.0.nodeName',
      'n',
      'spec.devices[0]: Invalid value: null: `nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the ResourceSlice spec',
    ],
    [
      'spec.sharedCounters',
      [{ name: 'a', counters: { memory: { value: '1' } } }],
      'spec: Invalid value: "": only one of `sharedCounters` or `devices` is allowed',
    ],
  ]);
  checkRows(golden('resource.k8s.io/v1beta1 ResourceSlice'), [
    ['spec.devices.0.basic.nodeName', undefined, 'spec.devices[0]: Required value: exactly one of…'],
  ]);
  assert.deepEqual(updateErrors(slice, set(slice, 'spec.driver', 'other.example.com')), [
    'spec.driver: Invalid value: "other.example.com": field is immutable',
  ]);
});

test('classes, taints and status of pools', () => {
  checkRows(golden('resource.k8s.io/v1 DeviceClass'), [
    ['spec.extendedResourceName', 'cpu', 'spec.extendedResourceName: Invalid value: "cpu": must be a valid extended resource name'],
    ['spec.selectors.0', {}, 'spec.selectors[0].cel: Required value'],
    ['spec.config.0', {}, 'spec.config[0].opaque: Required value'],
  ]);
  checkRows(golden('resource.k8s.io/v1beta2 DeviceTaintRule'), [
    ['spec.taint.effect', '', 'spec.taint.effect: Required value'],
    ['spec.deviceSelector.pool', 'A', 'spec.deviceSelector.pool: Invalid value: "A": a lowercase RFC 1123 subdomain…'],
  ]);
  const request = golden('resource.k8s.io/v1alpha3 ResourcePoolStatusRequest');
  checkRows(request, [['spec.limit', 0, 'spec.limit: Invalid value: 0: must be greater than or equal to 1']]);
  assert.deepEqual(cells(request)?.slice(1, 9), ['gpu.example.com', '4', '3', '1', '0', '0', 1, 'Complete']);
});

test('groups of Pods and what they are made from', () => {
  const group = golden('scheduling.k8s.io/v1alpha2 PodGroup');
  checkRows(group, [
    ['spec.schedulingPolicy', {}, 'spec.schedulingPolicy: Invalid value: "": must specify one of: `basic`, `gang`'],
    ['spec.schedulingPolicy.basic', {}, 'spec.schedulingPolicy: Invalid value: "{`basic`, `gang`}": must specify exactly one of: `basic`, `gang`'],
    ['spec.schedulingPolicy.gang.minCount', -1, 'spec.schedulingPolicy.gang.minCount: Invalid value: -1: must be greater than or equal to 1'],
    ['spec.disruptionMode', 'All', 'spec.disruptionMode: Unsupported value: "All": supported values: "Pod", "PodGroup"'],
  ]);
  assert.deepEqual(updateErrors(group, set(group, 'spec.schedulingPolicy.gang.minCount', 5)), [
    'spec.schedulingPolicy: Invalid value: null: field is immutable',
  ]);
  assert.deepEqual(statusErrors(group, set(group, 'status.resourceClaimStatuses', [{ name: 'other' }])), [
    'status.resourceClaimStatuses[0].name: Invalid value: "other": must match the name of an entry in `spec.resourceClaims`',
  ]);
  assert.deepEqual(cells(group)?.slice(1, 4), ['Gang', 'training', 'Scheduled']);
  const workload = golden('scheduling.k8s.io/v1alpha2 Workload');
  checkRows(workload, [
    ['spec.podGroupTemplates', [], 'spec.podGroupTemplates: Required value'],
    ['spec.controllerRef.kind', '', 'spec.controllerRef.kind: Required value'],
  ]);
});
