import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { V1Endpoint, V1EndpointSlice, V1Service, V1ServiceSpec } from '#cluster/api';
import type { ServiceRule } from '#network';
import { servicesToRules } from './services-to-rules.ts';
import { unsupported } from './unsupported.ts';

const service = (spec: V1ServiceSpec): V1Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web', namespace: 'default' },
  spec: { clusterIP: '10.96.0.5', ports: [{ port: 80, protocol: 'TCP' }], ...spec },
});
const slice = (...endpoints: V1Endpoint[]): V1EndpointSlice => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { name: 'web-1', namespace: 'default', labels: { 'kubernetes.io/service-name': 'web' } },
  addressType: 'IPv4',
  endpoints,
  ports: [{ port: 8080, protocol: 'TCP' }],
});
const ready = (address: string, more: Partial<V1Endpoint> = {}): V1Endpoint => ({
  addresses: [address],
  conditions: { ready: true, serving: true, terminating: false },
  targetRef: { uid: `pod-${address}` },
  ...more,
});
const ending = (address: string): V1Endpoint => ready(address, { conditions: { ready: false, serving: true, terminating: true } });
const down = (address: string): V1Endpoint => ready(address, { conditions: { ready: false, serving: false, terminating: false } });

interface Case {
  readonly spec?: V1ServiceSpec;
  readonly slices: readonly V1EndpointSlice[];
  readonly draining?: readonly string[];
}
function check({ spec = {}, slices, draining = [] }: Case, expected: readonly Partial<ServiceRule>[]): void {
  const isDraining = ({ addresses }: V1Endpoint) => addresses.some((address) => draining.includes(address));
  const rules = servicesToRules([service(spec)], slices, { nodeName: 'node-a', isDraining });
  assert.deepEqual(
    rules,
    expected.map((rule) => ({ protocol: 'tcp', address: '10.96.0.5', port: 80, ...rule })),
  );
}
const to = (...addresses: string[]) => addresses.map((address) => ({ address, port: 8080 }));

suite('Services become rules', () => {
  test('ready endpoints, in order, each once', () =>
    check({ slices: [slice(ready('10.0.0.3'), down('10.0.0.4')), slice(ready('10.0.0.2'), ready('10.0.0.3'))] }, [{ backends: to('10.0.0.2', '10.0.0.3') }]));
  test('none: connections are refused', () => check({ slices: [] }, [{ backends: [] }]));
  test('those that end serve only where nothing else does', () => {
    check({ slices: [slice(ready('10.0.0.2'), ending('10.0.0.3'))] }, [{ backends: to('10.0.0.2') }]);
    check({ slices: [slice(down('10.0.0.2'), ending('10.0.0.3'))] }, [{ backends: to('10.0.0.3') }]);
  });
  test('a Pod that ends here is left out before the cluster says so', () => {
    check({ slices: [slice(ready('10.0.0.2'), ready('10.0.0.3'))], draining: ['10.0.0.3'] }, [{ backends: to('10.0.0.2') }]);
    check({ slices: [slice(ready('10.0.0.3'))], draining: ['10.0.0.3'] }, [{ backends: to('10.0.0.3') }]);
  });
  test('node port, further addresses, affinity', () => {
    const spec = { ports: [{ port: 80, nodePort: 30080 }], externalIPs: ['192.0.2.9'], sessionAffinity: 'ClientIP' };
    const backends = to('10.0.0.2');
    check({ spec, slices: [slice(ready('10.0.0.2'))] }, [
      { backends, affinity_seconds: 10_800, nodePort: 30080 },
      { backends, affinity_seconds: 10_800, address: '192.0.2.9' },
    ]);
  });
  test('only this node’s where the policy says so', () =>
    check({ spec: { internalTrafficPolicy: 'Local' }, slices: [slice(ready('10.0.0.2', { nodeName: 'node-a' }), ready('10.0.0.3', { nodeName: 'node-b' }))] }, [
      { backends: to('10.0.0.2') },
    ]));
  test('headless Services and aliases have no rule', () => {
    check({ spec: { clusterIP: 'None' }, slices: [slice(ready('10.0.0.2'))] }, []);
    check({ spec: { type: 'ExternalName', externalName: 'example.com' }, slices: [] }, []);
  });
  test('ports are matched by name', () => {
    const named = {
      ...slice(ready('10.0.0.2')),
      ports: [
        { name: 'web', port: 8080, protocol: 'TCP' },
        { name: 'admin', port: 9000, protocol: 'TCP' },
      ],
    };
    check({ spec: { ports: [{ name: 'admin', port: 80 }] }, slices: [named] }, [{ backends: [{ address: '10.0.0.2', port: 9000 }] }]);
  });
  test('what is not done is named', () => {
    assert.deepEqual(unsupported(service({})), []);
    assert.match(unsupported(service({ externalTrafficPolicy: 'Local' })).join(), /externalTrafficPolicy/);
  });
});
