import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject, V1Service } from '#cluster/api';
import type { ApiServer } from '../index.ts';
import { ask, askObject, startTestServer } from '../testkit/server.ts';

const inDefault = { namespace: 'default' };
const service = (name: string, spec: object): KubeObject =>
  ({ apiVersion: 'v1', kind: 'Service', metadata: { name }, spec: { ports: [{ port: 80 }], ...spec } }) as KubeObject;
const make = (server: ApiServer, name: string, spec: object = {}) =>
  askObject<V1Service>(server, 'create', 'services', { ...inDefault, body: service(name, spec) });
const change = (server: ApiServer, name: string, spec: object) =>
  askObject<V1Service>(server, 'update', 'services', { ...inDefault, name, body: service(name, spec) });

test('a balancer that keeps to its node has a port at which nodes are asked, as long as it does', async () => {
  await using server = await startTestServer();
  const made = await make(server, 's', { type: 'LoadBalancer', externalTrafficPolicy: 'Local' });
  const port = made.spec?.healthCheckNodePort ?? 0;
  assert.ok(port >= 30000 && port <= 32767 && port !== made.spec?.ports?.[0]?.nodePort);
  const again = await change(server, 's', { type: 'LoadBalancer', externalTrafficPolicy: 'Local', selector: { a: 'b' } });
  assert.equal(again.spec?.healthCheckNodePort, port);
  const wide = await change(server, 's', { type: 'LoadBalancer', externalTrafficPolicy: 'Cluster', healthCheckNodePort: port });
  assert.equal(wide.spec?.healthCheckNodePort, undefined);
  await assert.rejects(make(server, 't', { type: 'NodePort', ports: [{ port: 80, nodePort: 3000 }] }), /provided port is not in the valid range/);
});

test('families follow from address, selector and policy', async () => {
  await using server = await startTestServer();
  const families = async (name: string, spec: object) => {
    const made = await make(server, name, spec);
    return [made.spec?.ipFamilyPolicy, ...(made.spec?.ipFamilies ?? [])];
  };
  assert.deepEqual(await families('a', {}), ['SingleStack', 'IPv4']);
  assert.deepEqual(await families('b', { ipFamilyPolicy: 'PreferDualStack' }), ['PreferDualStack', 'IPv4']);
  assert.deepEqual(await families('c', { clusterIP: 'None' }), ['RequireDualStack', 'IPv4', 'IPv6']);
  assert.deepEqual(await families('d', { clusterIP: 'None', selector: { a: 'b' } }), ['SingleStack', 'IPv4']);
  await assert.rejects(make(server, 'e', { ipFamilyPolicy: 'RequireDualStack' }), /this cluster is not configured for dual-stack services/);
  await assert.rejects(make(server, 'f', { ipFamilies: ['IPv6'] }), /spec.ipFamilies\[0\]: Invalid value: "IPv6": not configured on this cluster/);
  await assert.rejects(make(server, 'g', { clusterIP: '2001:db8::1' }), /IPv6 is not configured on this cluster/);
  await assert.rejects(make(server, 'h', { clusterIP: 'nowhere' }), /must be a valid IP address/);
});

test('a Service leaves its type with what the type gave', async () => {
  await using server = await startTestServer();
  const made = await make(server, 's', { type: 'NodePort' });
  const inner = await change(server, 's', { type: 'ClusterIP', ports: made.spec?.ports });
  assert.deepEqual([inner.spec?.ports?.[0]?.nodePort, inner.spec?.externalTrafficPolicy, inner.spec?.clusterIP], [undefined, undefined, made.spec?.clusterIP]);
  const elsewhere = await change(server, 's', {
    type: 'ExternalName',
    externalName: 'example.com',
    ports: [],
    clusterIP: made.spec?.clusterIP,
    clusterIPs: made.spec?.clusterIPs,
    ipFamilies: ['IPv4'],
    ipFamilyPolicy: 'SingleStack',
  });
  assert.deepEqual([elsewhere.spec?.clusterIP, elsewhere.spec?.ipFamilies], [undefined, undefined]);
  const back = await change(server, 's', {});
  assert.match(back.spec?.clusterIP ?? '', /^10\.96\.0\./);
  await assert.rejects(change(server, 's', { clusterIP: '10.96.0.77', clusterIPs: ['10.96.0.77'] }), /may not change once set/);
});

test('more ranges give more addresses; one that is spoken for is not given', async () => {
  await using server = await startTestServer({ serviceCidr: '10.96.0.0/28' });
  const range = { group: 'networking.k8s.io', version: 'v1', resource: 'servicecidrs' };
  const own = await askObject(server, 'get', 'servicecidrs', { resource: range, name: 'kubernetes' } as object);
  assert.deepEqual((own as KubeObject & { spec: unknown }).spec, { cidrs: ['10.96.0.0/28'] });
  const body = { apiVersion: 'networking.k8s.io/v1', kind: 'ServiceCIDR', metadata: { name: 'more' }, spec: { cidrs: ['10.97.0.0/28'] } };
  await ask(server, 'create', 'servicecidrs', { resource: range, body } as object);
  assert.equal((await make(server, 'asked', { clusterIP: '10.97.0.5' })).spec?.clusterIP, '10.97.0.5');
  await assert.rejects(make(server, 'last', { clusterIP: '10.97.0.15' }), /is not in the valid range. The range of valid IPs is 10.97.0.0\/28/);
  const made = await Promise.all(Array.from({ length: 20 }, (_, index) => make(server, `s${index}`)));
  assert.equal(new Set(made.map(({ spec }) => spec?.clusterIP)).size, 20);
});
