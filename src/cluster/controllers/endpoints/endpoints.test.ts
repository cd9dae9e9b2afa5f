import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { V1Pod, V1Service } from '#cluster/api';
import { endpointsOf } from './endpoints.ts';
import { slicesOf } from './slices.ts';

function pod(name: string, is: { ip?: string; ready?: boolean; ending?: boolean; phase?: string; port?: number } = {}): V1Pod {
  const { ip = '10.0.0.1', ready = true, ending = false, phase = 'Running', port = 8080 } = is;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'n', uid: name, ...(ending ? { deletionTimestamp: 'x' } : {}) },
    spec: { nodeName: 'node', containers: [{ name: 'c', ports: [{ name: 'web', containerPort: port }] }] },
    status: { phase, ...(ip === '' ? {} : { podIP: ip }), conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
  };
}
const service = (spec: V1Service['spec'] = {}): V1Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 's', namespace: 'n', uid: 's' },
  spec: { selector: { a: 'b' }, ports: [{ port: 80, targetPort: 'web' }], ...spec },
});
const zone = () => undefined;

for (const [what, given, spec, conditions] of [
  ['ready', {}, {}, { ready: true, serving: true, terminating: false }],
  ['not ready', { ready: false }, {}, { ready: false, serving: false, terminating: false }],
  ['told to end', { ending: true }, {}, { ready: false, serving: true, terminating: true }],
  ['not ready but published', { ready: false }, { publishNotReadyAddresses: true }, { ready: true, serving: true, terminating: false }],
  ['ended', { phase: 'Succeeded' }, {}, undefined],
  ['without an address', { ip: '' }, {}, undefined],
] as const) {
  test(`an endpoint of a Pod that is ${what}`, () => {
    const [slice] = slicesOf(service(spec), [pod('p', given)], zone);
    assert.deepEqual(slice?.endpoints?.[0]?.conditions, conditions);
  });
}
test('Pods whose named port differs are in slices of their own', () => {
  const slices = slicesOf(service(), [pod('a', { port: 1 }), pod('b', { port: 2 }), pod('c', { port: 1 })], zone);
  assert.deepEqual(
    slices.map(({ endpoints, ports }) => [endpoints?.length, ports?.[0]?.port]),
    [
      [2, 1],
      [1, 2],
    ],
  );
  assert.equal(new Set(slices.map(({ metadata }) => metadata.name)).size, 2);
});
test('a slice has at most a hundred endpoints; an empty one stands where the first will', () => {
  const numeric = service({ ports: [{ port: 80, targetPort: 8080 }] });
  const pods = Array.from({ length: 150 }, (_, index) => pod(`p${index}`, { ip: `10.0.0.${index}` }));
  const slices = slicesOf(numeric, pods, zone);
  assert.deepEqual(
    slices.map(({ endpoints }) => endpoints?.length),
    [100, 50],
  );
  assert.equal(slicesOf(numeric, [], zone)[0]?.metadata.name, slices[0]?.metadata.name);
});
test('the older form has ready and other addresses, and none that end', () => {
  const { subsets } = endpointsOf(service(), [pod('a', { ip: '10.0.0.2' }), pod('b', { ready: false }), pod('c', { ending: true })]);
  assert.deepEqual(
    subsets?.map(({ addresses, notReadyAddresses, ports }) => [addresses?.map(({ ip }) => ip), notReadyAddresses?.map(({ ip }) => ip), ports]),
    [[['10.0.0.2'], ['10.0.0.1'], [{ port: 8080, protocol: 'TCP' }]]],
  );
});
