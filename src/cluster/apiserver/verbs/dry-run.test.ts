import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject, ResourceRef, Verb } from '#cluster/api';
import { ask, askObject, configMap, pod, startTestServer } from '../testkit/server.ts';

const ADMIN = { name: 'admin', groups: ['system:masters'] };
const DRY = { dryRun: 'All' };
const inDefault = { namespace: 'default' };
type Server = Awaited<ReturnType<typeof startTestServer>>;

/** The store's revision before and after, and what was answered. */
async function silent(server: Server, verb: Verb, resource: ResourceRef, more: object): Promise<unknown> {
  const revision = async () => {
    const answer = await ask(server, 'list', 'configmaps');
    return answer.kind === 'list' ? answer.list.metadata.resourceVersion : '';
  };
  const before = await revision();
  const answer = await server.handler.handle({ verb, resource, query: DRY, user: ADMIN, ...more });
  assert.equal(await revision(), before, `${verb} ${resource.resource} wrote something`);
  return answer.kind === 'object' ? answer.object : answer;
}
const core = (resource: string): ResourceRef => ({ group: '', version: 'v1', resource });

test('a dry run writes nothing and takes nothing', async () => {
  await using server = await startTestServer();
  const quota = { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'q' }, spec: { hard: { configmaps: '1', services: '1' } } };
  await ask(server, 'create', 'resourcequotas', { ...inDefault, body: quota });
  await silent(server, 'create', core('configmaps'), { ...inDefault, body: configMap('a') });
  const service = (name: string): KubeObject =>
    ({ apiVersion: 'v1', kind: 'Service', metadata: { name }, spec: { type: 'NodePort', ports: [{ port: 80 }] } }) as KubeObject;
  const shown = (await silent(server, 'create', core('services'), { ...inDefault, body: service('s') })) as { spec: { clusterIP: string } };
  // The address that a dry run showed is nobody's: the next one may ask for it.
  const asked = { ...service('t'), spec: { clusterIP: shown.spec.clusterIP, ports: [{ port: 80 }] } } as KubeObject;
  await ask(server, 'create', 'services', { ...inDefault, body: asked });
  const made = await askObject(server, 'create', 'configmaps', { ...inDefault, body: configMap('a') });
  await assert.rejects(
    server.handler.handle({ verb: 'create', resource: core('configmaps'), ...inDefault, body: configMap('b'), query: DRY, user: ADMIN }),
    /exceeded quota/,
  );
  const contentType = 'application/merge-patch+json';
  const patched = await silent(server, 'patch', core('configmaps'), { ...inDefault, name: 'a', contentType, body: { data: { x: 'y' } } });
  assert.deepEqual((patched as { data: unknown }).data, { x: 'y' });
  await silent(server, 'update', core('configmaps'), { ...inDefault, name: 'a', body: { ...made, data: { z: '1' } } });
  await silent(server, 'delete', core('configmaps'), { ...inDefault, name: 'a' });
  await silent(server, 'deletecollection', core('configmaps'), inDefault);
  await ask(server, 'create', 'pods', { ...inDefault, body: pod('p') });
  await silent(server, 'create', core('pods'), { ...inDefault, name: 'p', subresource: 'binding', body: { target: { kind: 'Node', name: 'n' } } });
});

test('a dry eviction leaves the budget as it is', async () => {
  await using server = await startTestServer();
  const budgets = { group: 'policy', version: 'v1', resource: 'poddisruptionbudgets' };
  const body = {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name: 'b' },
    spec: { minAvailable: 1, selector: { matchLabels: { app: 'x' } } },
  };
  await ask(server, 'create', 'pods', { ...inDefault, body: pod('p') });
  const running = await askObject(server, 'get', 'pods', { ...inDefault, name: 'p' });
  await ask(server, 'update', 'pods', { ...inDefault, name: 'p', subresource: 'status', body: { ...running, status: { phase: 'Running' } } as KubeObject });
  const creation = { resource: budgets, ...inDefault, body };
  const made = await askObject(server, 'create', 'poddisruptionbudgets', creation);
  const status = { ...made, status: { disruptionsAllowed: 1 } };
  await server.handler.handle({ verb: 'update', resource: budgets, ...inDefault, name: 'b', subresource: 'status', body: status, query: {}, user: ADMIN });
  const eviction = { ...inDefault, name: 'p', subresource: 'eviction' };
  await silent(server, 'create', core('pods'), { ...eviction, body: {} });
  await silent(server, 'create', core('pods'), { ...eviction, body: { deleteOptions: { dryRun: ['All'] } }, query: {} });
  await assert.rejects(
    ask(server, 'create', 'pods', { ...eviction, body: { metadata: { name: 'other' } } }),
    /name in URL does not match name in Eviction object/,
  );
  await ask(server, 'create', 'pods', { ...eviction, body: {} });
  await assert.rejects(ask(server, 'get', 'pods', { ...inDefault, name: 'p' }), /not found/);
});
