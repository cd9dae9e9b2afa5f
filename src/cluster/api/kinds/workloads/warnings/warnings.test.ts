import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { V1PodSpec } from '../../../generated/types.ts';
import type { KubeObject } from '../../../types.ts';
import { strategyOf } from '../../index.ts';
import { golden, resourceOf, set } from '../../testkit/rules.ts';
import { podWarnings, templateWarnings } from './pod-spec.ts';

const specOf = (more: Partial<V1PodSpec>): V1PodSpec => ({ containers: [{ name: 'c', image: 'i' }], ...more });
const ofSpec = (more: Partial<V1PodSpec>, annotations?: Record<string, string>) =>
  podWarnings({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', ...(annotations === undefined ? {} : { annotations }) }, spec: specOf(more) });
const ofKind = (object: KubeObject, old?: KubeObject) => strategyOf(resourceOf(object)).warnings?.(object, old) ?? [];

test('a Pod that is in order is taken without a word', () => {
  assert.deepEqual(ofSpec({}), []);
  for (const key of ['v1 Pod', 'apps/v1 Deployment', 'apps/v1 StatefulSet', 'batch/v1 Job', 'batch/v1 CronJob']) assert.deepEqual(ofKind(golden(key)), []);
});

test('where a Pod runs: old labels of Nodes, and selectors that match nothing', () => {
  assert.deepEqual(ofSpec({ nodeSelector: { 'beta.kubernetes.io/os': 'linux' } }), [
    'spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead',
  ]);
  const podAntiAffinity = { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, podAffinityTerm: { topologyKey: 'zone' } }] };
  const preferredDuringSchedulingIgnoredDuringExecution = [
    { weight: 1, preference: { matchExpressions: [{ key: 'beta.kubernetes.io/arch', operator: 'In', values: ['-1'] }] } },
  ];
  const at = 'spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].preference.matchExpressions[0]';
  assert.deepEqual(ofSpec({ affinity: { podAntiAffinity, nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution } } }), [
    `${at}.key: beta.kubernetes.io/arch is deprecated since v1.14; use "kubernetes.io/arch" instead`,
    `${at}.values[0]: -1 is invalid, a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')`,
    'spec.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].podAffinityTerm.labelSelector: a null labelSelector results in matching no pod',
  ]);
});

test('containers: hidden variables, ports that collide, parts of bytes', () => {
  const env = [
    { name: 'A', value: '1' },
    { name: 'A', value: '2' },
    { name: 'A', value: '$(A)3' },
  ];
  const ports = [
    { name: 'web', containerPort: 80, protocol: 'TCP' },
    { name: 'web', containerPort: 80, protocol: 'TCP' },
    { containerPort: 80, hostPort: 8080, protocol: 'TCP' },
    { containerPort: 81, hostIP: '10.0.0.1', protocol: 'UDP' },
  ];
  assert.deepEqual(ofSpec({ containers: [{ name: 'c', image: 'i', env, ports, resources: { requests: { memory: '1500m' } } }] }), [
    'spec.containers[0].resources.requests[memory]: fractional byte value "1500m" is invalid, must be an integer',
    'spec.containers[0].env[1]: hides previous definition of "A", which may be dropped when using apply',
    'spec.containers[0].ports[1]: duplicate port definition with spec.containers[0].ports[0]',
    'spec.containers[0].ports[2]: overlapping port definition with spec.containers[0].ports[0]',
    'spec.containers[0].ports[2]: overlapping port definition with spec.containers[0].ports[1]',
    'spec.containers[0].ports[3]: hostIP set without hostPort: {Name: HostPort:0 ContainerPort:81 Protocol:UDP HostIP:10.0.0.1}',
    'spec.containers[0].ports[1]: duplicate port name "web" with spec.containers[0].ports[0], services and probes that select ports by name will use spec.containers[0].ports[0]',
  ]);
});

test('volumes: drivers that are gone, and files that take the place of each other', () => {
  const items = [
    { key: 'a', path: 'path' },
    { key: 'b', path: 'path/deep/' },
  ];
  const sources = [{ secret: { name: 's', items: [{ key: 'a', path: 'x' }] } }, { serviceAccountToken: { path: 'x' } }, {}];
  const volumes = [
    { name: 'gone', rbd: { monitors: ['m'], image: 'i' } },
    { name: 'config', configMap: { name: 'm', items } },
    { name: 'all', projected: { sources } },
  ];
  assert.deepEqual(ofSpec({ volumes }), [
    'spec.volumes[0].rbd: deprecated in v1.28, non-functional in v1.31+',
    'volume "config" (ConfigMap "m"): overlapping paths: "path/deep" with "path"',
    'volume "all" (Projected) has no sources provided',
    'volume "all" (Projected): overlapping paths: "x" (ServiceAccountToken) with "x" (Secret "s")',
  ]);
});

test('lists, addresses and annotations of old', () => {
  const hostAliases = [{ ip: '2001:db8:0::1' }, { ip: '2001:db8:0::1' }];
  assert.deepEqual(
    ofSpec(
      { imagePullSecrets: [{}, { name: 'a' }, { name: 'a' }], hostAliases, terminationGracePeriodSeconds: -1 },
      { 'scheduler.alpha.kubernetes.io/critical-pod': '' },
    ),
    [
      'metadata.annotations[scheduler.alpha.kubernetes.io/critical-pod]: non-functional in v1.16+; use the "priorityClassName" field instead',
      'spec.hostAliases[1].ip: duplicate ip "2001:db8:0::1"',
      'spec.imagePullSecrets[2].name: duplicate name "a"',
      'spec.imagePullSecrets[0].name: invalid empty name ""',
      'spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1',
      'spec.hostAliases[0].ip: IPv6 address "2001:db8:0::1" should be in RFC 5952 canonical format ("2001:db8::1")',
      'spec.hostAliases[1].ip: IPv6 address "2001:db8:0::1" should be in RFC 5952 canonical format ("2001:db8::1")',
    ],
  );
  const annotations = { 'container.apparmor.security.beta.kubernetes.io/c': 'runtime/default' };
  assert.deepEqual(templateWarnings('spec.template', { metadata: { annotations }, spec: specOf({}) }), [
    'spec.template.metadata.annotations[container.apparmor.security.beta.kubernetes.io/c]: deprecated since v1.30; use the "appArmorProfile" field instead',
  ]);
});

test('a workload tells of its name when it is made, and of its template when that changes', () => {
  const dotted = set(golden('apps/v1 Deployment'), 'metadata.name', 'a.b');
  assert.deepEqual(ofKind(dotted), [
    'metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended: [must not contain dots]',
  ]);
  assert.deepEqual(ofKind(dotted, dotted), []);
  const hasty = set(dotted, 'spec.template.spec.terminationGracePeriodSeconds', -1);
  const told = ['spec.template.spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1'];
  assert.deepEqual(ofKind(hasty, dotted), told);
  assert.deepEqual(ofKind(set(golden('apps/v1 StatefulSet'), 'spec.revisionHistoryLimit', -1)), [
    'spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended',
  ]);
  const zoned = set(golden('batch/v1 CronJob'), 'spec.schedule', 'TZ=UTC 0 * * * *');
  assert.match(ofKind(zoned, zoned).join(), /^cannot use TZ or CRON_TZ in spec\.spec\.schedule/);
  // An update is told of before its rules have spoken.
  assert.deepEqual(ofKind(set(dotted, 'spec', undefined), dotted), []);
});

test('a Secret whose certificate and key are no pair', () => {
  const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' }, type: 'kubernetes.io/tls', data: { 'tls.crt': '', 'tls.key': '' } };
  assert.deepEqual(ofKind(secret), ['tls: failed to find any PEM data in certificate input']);
});
