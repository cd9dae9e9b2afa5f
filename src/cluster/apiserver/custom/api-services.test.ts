import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeList, V1APIService } from '#cluster/api';
import type { ApiServer } from '../index.ts';
import { askObject, startTestServer } from '../testkit/server.ts';

const ADMIN = { name: 'admin', groups: ['system:masters'] };
const REF = { group: 'apiregistration.k8s.io', version: 'v1', resource: 'apiservices' };
const definition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'backups.example.com' },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'backups', kind: 'Backup' },
    versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
  },
};
const CRD = { resource: { group: 'apiextensions.k8s.io', version: 'v1', resource: 'customresourcedefinitions' } };

async function all(server: ApiServer): Promise<readonly V1APIService[]> {
  const answer = await server.handler.handle({ verb: 'list', resource: REF, query: {}, user: ADMIN });
  assert.equal(answer.kind, 'list');
  // Asked for APIServices.
  return (answer.kind === 'list' ? answer.list : undefined) === undefined ? [] : (answer as { list: KubeList<V1APIService> }).list.items;
}

/** Waits for the object to come or go. */
async function watched(server: ApiServer, name: string, wanted: 'ADDED' | 'DELETED', task: () => Promise<unknown>): Promise<void> {
  const abort = new AbortController();
  const answer = await server.handler.handle({
    verb: 'watch',
    resource: REF,
    query: { fieldSelector: `metadata.name=${name}` },
    user: ADMIN,
    signal: abort.signal,
  });
  assert.equal(answer.kind, 'watch');
  if (answer.kind !== 'watch') return;
  await task();
  for await (const event of answer.events) if (event.type === wanted) break;
  abort.abort();
}

test('each group and version that is served has its APIService, available', async () => {
  await using server = await startTestServer();
  const services = await all(server);
  assert.equal(services.length, 36);
  const core = services.find(({ metadata }) => metadata.name === 'v1.');
  assert.deepEqual(core?.spec, { group: '', version: 'v1', groupPriorityMinimum: 18_000, versionPriority: 1 });
  assert.deepEqual(
    core.status?.conditions?.map(({ type, status, reason }) => [type, status, reason]),
    [['Available', 'True', 'Local']],
  );
});

test('a definition brings an APIService, and takes it along', async () => {
  await using server = await startTestServer();
  const name = 'v1.example.com';
  await watched(server, name, 'ADDED', () => askObject(server, 'create', 'x', { ...CRD, body: definition } as object));
  assert.equal((await all(server)).find(({ metadata }) => metadata.name === name)?.spec?.versionPriority, 100);
  await watched(server, name, 'DELETED', () => askObject(server, 'delete', 'x', { ...CRD, name: definition.metadata.name } as object));
});
