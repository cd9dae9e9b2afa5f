import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { V1EndpointSlice, V1Service, V1ServiceSpec } from '#cluster/api';
import { answer, type Zone } from './answer.ts';

const service = (name: string, spec: V1ServiceSpec): V1Service => ({ apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: 'default' }, spec });
const ports = [{ name: 'http', port: 80, protocol: 'TCP' }];
const services = [
  service('web', { clusterIP: '10.96.0.5', ports }),
  service('db', { clusterIP: 'None', ports }),
  service('idle', { clusterIP: 'None', ports }),
  service('away', { type: 'ExternalName', externalName: 'example.com' }),
  service('near', { type: 'ExternalName', externalName: 'web.default.svc.cluster.local' }),
];
const slices: readonly V1EndpointSlice[] = [
  {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'db-1', namespace: 'default', labels: { 'kubernetes.io/service-name': 'db' } },
    addressType: 'IPv4',
    endpoints: [
      { addresses: ['10.88.0.2'], hostname: 'db-0', conditions: { ready: true } },
      { addresses: ['10.88.0.3'], conditions: { ready: true } },
      { addresses: ['10.88.0.4'], conditions: { ready: false } },
    ],
    ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
  },
];
const zone: Zone = {
  domain: 'cluster.local',
  cidrs: ['10.88.0.0/16', '10.96.0.0/16'],
  service: (namespace, name) => services.find(({ metadata }) => metadata.namespace === namespace && metadata.name === name),
  slices: (_namespace, name) => slices.filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === name),
  hasNamespace: (namespace) => namespace === 'default',
  serviceByAddress: (address) => services.find(({ spec }) => spec?.clusterIP === address),
  slicesByAddress: (address) => slices.filter(({ endpoints }) => endpoints?.some(({ addresses }) => addresses.includes(address))),
};

/** The data of the records, or the kind of the answer where there are none to have. */
function check(name: string, type: string, expected: unknown): void {
  const given = answer({ name, type }, zone);
  assert.deepEqual(given.kind === 'records' ? given.records.map(({ data }) => data) : given.kind, expected);
}

suite('the cluster’s names', () => {
  test('a Service', () => {
    check('web.default.svc.cluster.local', 'A', ['10.96.0.5']);
    check('WEB.default.svc.cluster.local.', 'A', ['10.96.0.5']);
    check('web.default.svc.cluster.local', 'AAAA', []);
    check('nope.default.svc.cluster.local', 'A', 'no-such-name');
    check('default.svc.cluster.local', 'A', []);
    check('nowhere.svc.cluster.local', 'A', 'no-such-name');
  });
  test('a headless Service and its endpoints', () => {
    check('db.default.svc.cluster.local', 'A', ['10.88.0.2', '10.88.0.3']);
    check('db-0.db.default.svc.cluster.local', 'A', ['10.88.0.2']);
    check('10-88-0-3.db.default.svc.cluster.local', 'A', ['10.88.0.3']);
    check('10-88-0-4.db.default.svc.cluster.local', 'A', 'no-such-name');
    check('idle.default.svc.cluster.local', 'A', 'no-such-name');
  });
  test('ports', () => {
    check('_http._tcp.web.default.svc.cluster.local', 'SRV', [{ priority: 0, weight: 100, port: 80, target: 'web.default.svc.cluster.local' }]);
    check('_http._tcp.db.default.svc.cluster.local', 'SRV', [
      { priority: 0, weight: 100, port: 8080, target: 'db-0.db.default.svc.cluster.local' },
      { priority: 0, weight: 100, port: 8080, target: '10-88-0-3.db.default.svc.cluster.local' },
    ]);
    check('_dns._udp.web.default.svc.cluster.local', 'SRV', 'no-such-name');
  });
  test('aliases', () => {
    check('away.default.svc.cluster.local', 'A', ['example.com']);
    check('near.default.svc.cluster.local', 'A', ['web.default.svc.cluster.local', '10.96.0.5']);
  });
  test('Pods by address, and back', () => {
    check('10-88-0-9.default.pod.cluster.local', 'A', ['10.88.0.9']);
    check('nope.default.pod.cluster.local', 'A', 'no-such-name');
    check('5.0.96.10.in-addr.arpa', 'PTR', ['web.default.svc.cluster.local']);
    check('2.0.88.10.in-addr.arpa', 'PTR', ['db-0.db.default.svc.cluster.local']);
    check('9.0.88.10.in-addr.arpa', 'PTR', 'no-such-name');
    check('8.8.8.8.in-addr.arpa', 'PTR', 'forward');
  });
  test('what is not the cluster’s', () => {
    check('example.com', 'A', 'forward');
    check('nope.cluster.local', 'A', 'no-such-name');
    check('dns-version.cluster.local', 'TXT', ['1.1.0']);
  });
});
