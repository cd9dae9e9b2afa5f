import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applyDefaults, type KubeObject, prepareForCreate, prepareForUpdate, toTable, type V1Pod } from '../../../index.ts';
import { checkRows, createErrors, golden, resourceOf, set, statusErrors, updateErrors } from '../../testkit/rules.ts';

const plain = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'i' }] } };
const MAIN = 'spec.containers.0';
/** Decoded as a Pod, which the resource says. */
const made = (object: KubeObject) => applyDefaults(resourceOf(object), structuredClone(object)) as V1Pod;

test('a Pod has the defaults of its kind, a template only those of every spec', () => {
  const pod = made(set(set(plain, `${MAIN}.resources`, { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '500m' } }), 'spec.hostNetwork', true));
  assert.deepEqual(pod.spec?.containers[0]?.resources?.requests, { cpu: '500m', memory: '1Gi' });
  assert.equal(pod.spec?.enableServiceLinks, true);
  const template = { apiVersion: 'v1', kind: 'PodTemplate', metadata: { name: 't' }, template: { spec: plain.spec } };
  const { template: filled } = applyDefaults(resourceOf(template), template) as unknown as { template: { spec: NonNullable<V1Pod['spec']> } }; // a PodTemplate
  assert.equal(filled.spec.enableServiceLinks, undefined);
  assert.equal(filled.spec.dnsPolicy, 'ClusterFirst');
});

test('a Pod on the network of its machine has its ports there', () => {
  const pod = made(set(set(plain, `${MAIN}.ports`, [{ containerPort: 80 }]), 'spec.hostNetwork', true));
  assert.deepEqual(pod.spec?.containers[0]?.ports, [{ containerPort: 80, hostPort: 80, protocol: 'TCP' }]);
});

test('an image is looked up at each start when its tag moves', () => {
  const policy = (image: string) => made(set(plain, `${MAIN}.image`, image)).spec?.containers[0]?.imagePullPolicy;
  assert.deepEqual(
    ['a', 'a:latest', 'reg:5000/a', 'reg:5000/a:1', 'a:1', `a@sha256:${'0'.repeat(64)}`, `a:latest@sha256:${'0'.repeat(64)}`, 'No Reference'].map(policy),
    ['Always', 'Always', 'Always', 'IfNotPresent', 'IfNotPresent', 'IfNotPresent', 'Always', 'IfNotPresent'],
  );
});

test('a Pod: annotations that were fields once', () => {
  const annotated = (key: string, value: string) => set(plain, 'metadata.annotations', { [key]: value });
  assert.deepEqual(createErrors(annotated('controller.kubernetes.io/pod-deletion-cost', 'x')), [
    'metadata.annotations[controller.kubernetes.io/pod-deletion-cost]: Invalid value: "x": must be a 32bit integer',
  ]);
  assert.deepEqual(createErrors(annotated('kubernetes.io/config.mirror', 'x')), [
    'metadata.annotations[kubernetes.io/config.mirror]: Invalid value: "x": must set spec.nodeName if mirror pod annotation is set',
  ]);
  assert.deepEqual(createErrors(annotated('container.apparmor.security.beta.kubernetes.io/d', 'x')), [
    'metadata.annotations[container.apparmor.security.beta.kubernetes.io/d]: Invalid value: "d": container not found',
    'metadata.annotations[container.apparmor.security.beta.kubernetes.io/d]: Invalid value: "x": invalid AppArmor profile name: "x"',
  ]);
});

const CHANGEABLE =
  'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)';

test('a Pod: what an update may change', () => {
  const rows = (base: KubeObject, list: Parameters<typeof checkRows>[1]) => checkRows(base, list, (changed) => updateErrors(base, changed));
  rows(plain, [
    [`${MAIN}.image`, 'j'],
    ['spec.activeDeadlineSeconds', 5],
    ['spec.hostname', 'h', `spec: Forbidden: ${CHANGEABLE}\n+ spec.hostname: "h"`],
    [`${MAIN}.command`, ['x'], `spec: Forbidden: ${CHANGEABLE}\n+ spec.containers[0].command: ["x"]`],
    ['spec.containers.1', { name: 'd', image: 'i' }, 'spec.containers: Forbidden: pod updates may not add or remove containers'],
    ['spec.schedulingGates', [{ name: 'a' }], "spec.schedulingGates[0].name: Forbidden: only deletion is allowed, but found new scheduling gate 'a'"],
    ['spec.hostNetwork', false],
    [`${MAIN}.env`, []],
  ]);
  rows(set(plain, 'spec.activeDeadlineSeconds', 5), [
    ['spec.activeDeadlineSeconds', 6, 'spec.activeDeadlineSeconds: Invalid value: 6: must be less than or equal to previous value'],
    ['spec.activeDeadlineSeconds', undefined, 'spec.activeDeadlineSeconds: Invalid value: null: must not update from a positive integer to nil value'],
  ]);
  rows(set(plain, 'spec.terminationGracePeriodSeconds', -1), [['spec.terminationGracePeriodSeconds', 1]]);
  rows(set(set(plain, 'spec.schedulingGates', [{ name: 'a' }]), 'spec.nodeSelector', { a: 'b' }), [
    ['spec.schedulingGates', []],
    ['spec.nodeSelector', { a: 'b', c: 'd' }],
    [
      'spec.nodeSelector',
      { a: 'c' },
      'spec.nodeSelector: Invalid value: {"a":"c"}: only additions to spec.nodeSelector are allowed (no mutations or deletions)',
    ],
  ]);
  rows(set(plain, `${MAIN}.resources`, { limits: { cpu: '1', memory: '1Gi' } }), [[`${MAIN}.resources`, { limits: { cpu: '1000m', memory: '1024Mi' } }]]);
});

test('a Pod: what its node may say of it', () => {
  const base = golden('v1 Pod');
  checkRows(
    base,
    [
      ['status.qosClass', 'BestEffort', 'status.qosClass: Invalid value: "BestEffort": field is immutable'],
      ['status.qosClass', undefined],
      ['status.nominatedNodeName', 'A', 'status.nominatedNodeName: Invalid value: "A": a lowercase RFC 1123 subdomain…'],
      [
        'status.podIPs',
        [{ ip: '10.0.0.1' }, { ip: '10.0.0.2' }],
        'status.podIPs: Invalid value: [{"ip":"10.0.0.1"},{"ip":"10.0.0.2"}]: may specify no more than one IP for each IP family',
      ],
      ['status.hostIP', '10.0.0.9', 'status.hostIPs[0].ip: Invalid value: "10.0.0.1": must be equal to `hostIP`'],
      ['status.conditions.0.type', 'a b', 'status.conditions[0].Type: Invalid value: "a b": name part must consist of…'],
    ],
    (changed) => statusErrors(base, changed),
  );
  const ended = set(set(plain, 'spec.restartPolicy', 'Never'), 'status', { containerStatuses: [{ name: 'c', state: { terminated: { exitCode: 0 } } }] });
  assert.deepEqual(statusErrors(ended, set(ended, 'status.containerStatuses.0.state', { running: {} })), [
    'status.containerStatuses[0].state: Forbidden: may not be transitioned to non-terminated state',
  ]);
});

test('a Pod that waits says why, and selectors that speak of its labels are given their values', () => {
  const spread = { maxSkew: 1, topologyKey: 'z', whenUnsatisfiable: 'DoNotSchedule', labelSelector: {}, matchLabelKeys: ['v'] };
  const pod = set(set(set(plain, 'spec.schedulingGates', [{ name: 'g' }]), 'metadata.labels', { v: '1' }), 'spec.topologySpreadConstraints', [spread]);
  const resource = resourceOf(pod);
  const before = applyDefaults(resource, pod);
  const { spec, status } = prepareForCreate(resource, before) as V1Pod; // made of a Pod
  assert.deepEqual(
    status?.conditions?.map(({ type, reason }) => [type, reason]),
    [['PodScheduled', 'SchedulingGated']],
  );
  assert.deepEqual(spec?.topologySpreadConstraints?.[0]?.labelSelector, { matchExpressions: [{ key: 'v', operator: 'In', values: ['1'] }] });
  assert.deepEqual((before as V1Pod).spec?.topologySpreadConstraints?.[0]?.labelSelector, {}, 'the object that came is not changed');
});

test('a Pod is printed with its sidecars and gates', () => {
  const pod = golden('v1 Pod');
  const { rows } = toTable(resourceOf(pod), [pod], { now_ms: Date.parse('2026-01-01T00:01:00Z'), includeObject: 'None' });
  assert.deepEqual(rows[0]?.cells.slice(1, 4), ['1/2', 'Running', '2 (59s ago)']);
  assert.deepEqual(rows[0]?.cells.slice(5), ['10.244.0.5', '<none>', '<none>', '0/1']);
});

test('a change of a Pod is a new generation', () => {
  const pod = golden('v1 Pod');
  const resource = resourceOf(pod);
  assert.equal(prepareForUpdate(resource, set(pod, `${MAIN}.image`, 'other'), { ...pod, metadata: { ...pod.metadata, generation: 4 } }).metadata.generation, 5);
});
