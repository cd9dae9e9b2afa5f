import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { V1Pod } from '#cluster/api';
import { ask, askObject, pod, startTestServer } from '../testkit/server.ts';

const inDefault = { namespace: 'default', name: 'p' };
const contentType = 'application/strategic-merge-patch+json';
type Server = Awaited<ReturnType<typeof startTestServer>>;

async function withPod(resources: object = {}): Promise<Server> {
  const server = await startTestServer();
  await ask(server, 'create', 'pods', { namespace: 'default', body: pod('p', { containers: [{ name: 'main', image: 'busybox', resources }] }) });
  return server;
}
const change = (server: Server, subresource: string, body: object) =>
  askObject<V1Pod>(server, 'patch', 'pods', { ...inDefault, subresource, contentType, body });
const refused = (answer: Promise<unknown>, words: RegExp) => assert.rejects(answer, words);

describe('ephemeral containers', () => {
  const add = (server: Server, ...containers: object[]) => change(server, 'ephemeralcontainers', { spec: { ephemeralContainers: containers } });
  test('are added to a Pod that runs, with their defaults, and nothing else changes', async () => {
    await using server = await withPod();
    const body = { spec: { ephemeralContainers: [{ name: 'debug', image: 'busybox', targetContainerName: 'main' }], nodeName: 'elsewhere' } };
    const changed = await change(server, 'ephemeralcontainers', body);
    assert.deepEqual([changed.spec?.ephemeralContainers?.[0]?.imagePullPolicy, changed.spec?.nodeName, changed.metadata.generation], ['Always', undefined, 2]);
    const labelled = await change(server, '', {}).catch(() => undefined);
    assert.equal(labelled, undefined);
    const whole = await askObject<V1Pod>(server, 'patch', 'pods', { ...inDefault, contentType, body: { metadata: { labels: { a: 'b' } } } });
    assert.equal(whole.spec?.ephemeralContainers?.length, 1);
    const manager = (changed.metadata.managedFields as { subresource?: string }[]).find(({ subresource }) => subresource === 'ephemeralcontainers');
    assert.ok(manager);
  });
  test('stay as they are, have names of their own, and lack what only others may have', async () => {
    await using server = await withPod();
    await add(server, { name: 'debug', image: 'busybox' });
    await refused(add(server, { name: 'debug', image: 'alpine' }), /existing ephemeral containers "debug" may not be changed/);
    const without = { ...(await askObject<V1Pod>(server, 'get', 'pods', inDefault)) };
    const body = { ...without, spec: { ...without.spec, ephemeralContainers: [] } };
    await refused(ask(server, 'update', 'pods', { ...inDefault, subresource: 'ephemeralcontainers', body }), /"debug" may not be removed/);
    await refused(add(server, { name: 'main', image: 'busybox' }), /spec\.ephemeralContainers\[\d\]\.name: Duplicate value: "main"/);
    await refused(
      add(server, { name: 'x', image: 'busybox', lifecycle: { preStop: { exec: { command: ['x'] } } } }),
      /cannot be set for an Ephemeral Container/,
    );
    await refused(add(server, { name: 'x', image: 'busybox', targetContainerName: 'nobody' }), /targetContainerName: Not found: "nobody"/);
  });
});

describe('resize', () => {
  const size = { requests: { cpu: '100m', memory: '64Mi' } };
  const resize = (server: Server, resources: object, more: object = {}) =>
    change(server, 'resize', { spec: { containers: [{ name: 'main', resources, ...more }] } });
  test('changes what a container asks for, and nothing else', async () => {
    await using server = await withPod(size);
    const changed = await resize(server, { requests: { cpu: '200m' } }, { image: 'other' });
    assert.deepEqual(changed.spec?.containers[0]?.resources?.requests, { cpu: '200m', memory: '64Mi' });
    assert.deepEqual([changed.spec?.containers[0]?.image, changed.metadata.generation], ['busybox', 2]);
  });
  test('refuses what may not be so', async () => {
    await using server = await withPod(size);
    await refused(resize(server, { requests: { cpu: null } }), /resource requests cannot be removed/);
    await refused(resize(server, { requests: { 'example.com/device': '1' } }), /only cpu and memory resources are mutable|must be/);
    await refused(resize(server, { requests: { cpu: '1' }, limits: { cpu: '1', memory: '64Mi' } }), /Pod QOS Class may not change as a result of resizing/);
    const more = { spec: { containers: [{ name: 'second', image: 'busybox' }] } };
    await refused(change(server, 'resize', more), /spec\.containers: Forbidden: containers may not be added or removed on resize/);
  });
});
