import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, configMap, startTestServer } from '../testkit/server.ts';
import type { AuthorizationMode } from './authorizer.ts';

const inDefault = { namespace: 'default' };
const node = { name: 'system:node:n1', groups: ['system:nodes', 'system:authenticated'] };

test('the modes are asked in order; nodes have their own rules wherever roles count', async () => {
  const check = async (authorizationModes: readonly AuthorizationMode[], user: { name: string; groups: string[] }, resource: string, allowed: boolean) => {
    await using server = await startTestServer({ authorizationModes });
    const asked = ask(server, 'list', resource, { ...inDefault, user });
    if (allowed) await asked;
    else await assert.rejects(asked, /is forbidden/);
  };
  const bob = { name: 'bob', groups: ['system:authenticated'] };
  await check(['RBAC'], bob, 'pods', false);
  await check(['RBAC', 'AlwaysAllow'], bob, 'pods', true);
  await check(['AlwaysAllow'], bob, 'pods', true);
  await check(['AlwaysDeny'], bob, 'pods', false);
  await check(['AlwaysDeny'], { name: 'root', groups: ['system:masters'] }, 'pods', true);
  await check(['RBAC'], node, 'services', true);
  await check(['RBAC'], node, 'secrets', false);
  await check(['AlwaysDeny'], node, 'services', false);
});

test('a denial’s details say what came nearest and what would allow it', async () => {
  await using server = await startTestServer();
  const denied = ask(server, 'delete', 'pods', { ...inDefault, name: 'web', user: { name: 'bob', groups: ['system:authenticated'] } });
  await assert.rejects(denied, {
    message: 'pods "web" is forbidden: User "bob" cannot delete resource "pods" in API group "" in the namespace "default"',
    body: {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: 'pods "web" is forbidden: User "bob" cannot delete resource "pods" in API group "" in the namespace "default"',
      reason: 'Forbidden',
      code: 403,
      details: {
        name: 'web',
        kind: 'pods',
        causes: [
          { reason: 'NearestRule', message: 'no role is bound to the user "bob"' },
          {
            reason: 'WouldAllow',
            message:
              'kubectl create role ROLE --verb=delete --resource=pods --resource-name=web --namespace=default && kubectl create rolebinding NAME --role=ROLE --user=bob --namespace=default',
          },
        ],
      },
    },
  });
});

test('roles and bindings count as soon as they are written, and no longer than they stand', async () => {
  await using server = await startTestServer();
  const rbac = (resource: string) => ({ group: 'rbac.authorization.k8s.io', version: 'v1', resource });
  const admin = { name: 'admin', groups: ['system:masters'] };
  const bob = { name: 'bob', groups: [] };
  const may = () =>
    ask(server, 'list', 'pods', { ...inDefault, user: bob }).then(
      () => true,
      () => false,
    );
  const create = (resource: string, body: object) =>
    server.handler.handle({ verb: 'create', resource: rbac(resource), query: {}, namespace: 'default', user: admin, body });
  await create('roles', { metadata: { name: 'r' }, rules: [{ verbs: ['list'], apiGroups: [''], resources: ['pods'] }] });
  assert.equal(await may(), false);
  await create('rolebindings', { metadata: { name: 'b' }, roleRef: { kind: 'Role', name: 'r' }, subjects: [{ kind: 'User', name: 'bob' }] });
  assert.equal(await may(), true);
  const change = (verb: 'patch' | 'delete', resource: string, name: string, body?: object) =>
    server.handler.handle({
      verb,
      resource: rbac(resource),
      query: {},
      namespace: 'default',
      name,
      user: admin,
      contentType: 'application/merge-patch+json',
      body,
    });
  await change('patch', 'roles', 'r', { rules: [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }] });
  assert.equal(await may(), false);
  await change('patch', 'roles', 'r', { rules: [{ verbs: ['*'], apiGroups: [''], resources: ['pods'] }] });
  assert.equal(await may(), true);
  await assert.rejects(change('patch', 'rolebindings', 'b', { roleRef: { name: 'other' } }), /cannot change roleRef/);
  await change('delete', 'rolebindings', 'b');
  assert.equal(await may(), false);
});

test('rights in a namespace do not reach what belongs to none', async () => {
  await using server = await startTestServer();
  const admin = { name: 'admin', groups: ['system:masters'] };
  const bob = { name: 'bob', groups: [] };
  const call = (verb: 'create' | 'list', group: string, resource: string, user: { name: string; groups: string[] }, body?: object, version = 'v1') =>
    server.handler.handle({ verb, resource: { group, version, resource }, namespace: 'default', query: {}, user, ...(body ? { body } : {}) });
  const RBAC = 'rbac.authorization.k8s.io';
  await call('create', RBAC, 'roles', admin, { metadata: { name: 'all' }, rules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }] });
  await call('create', RBAC, 'rolebindings', admin, {
    metadata: { name: 'all' },
    roleRef: { kind: 'Role', name: 'all' },
    subjects: [{ kind: 'User', name: 'bob' }],
  });
  await call('list', '', 'pods', bob);
  await assert.rejects(call('list', '', 'nodes', bob), /could not find the requested resource/);
  await assert.rejects(call('list', '', 'namespaces', bob), /could not find the requested resource/);
  await assert.rejects(call('list', 'metrics.k8s.io', 'nodes', bob, undefined, 'v1beta1'), /could not find the requested resource/);
  await assert.rejects(call('create', 'authorization.k8s.io', 'subjectaccessreviews', bob, { spec: { user: 'x' } }), /could not find the requested resource/);
  const binding = { metadata: { name: 'b' }, roleRef: { kind: 'ClusterRole', name: 'cluster-admin' }, subjects: [{ kind: 'User', name: 'bob' }] };
  await assert.rejects(call('create', RBAC, 'clusterrolebindings', bob, binding), /could not find the requested resource/);
});

test('a continue token reads on in its own namespace, and in no other', async () => {
  await using server = await startTestServer();
  for (const name of ['a', 'b', 'c']) await ask(server, 'create', 'configmaps', { ...inDefault, body: configMap(name) });
  await ask(server, 'create', 'configmaps', { namespace: 'kube-public', body: configMap('public') });
  const list = async (namespace: string, query: Record<string, string>) => {
    const answer = await ask(server, 'list', 'configmaps', { namespace, query });
    assert.equal(answer.kind, 'list');
    return answer.kind === 'list' ? answer.list : undefined;
  };
  const first = await list('default', { limit: '2' });
  const rest = await list('default', { limit: '2', continue: first?.metadata.continue ?? '' });
  assert.deepEqual(
    [first, rest].map((one) => one?.items.map(({ metadata }) => metadata.name)),
    [['a', 'b'], ['c']],
  );
  const token = { v: 'meta.k8s.io/v1', rv: Number(first?.metadata.resourceVersion), start: 'kube-public/public\0' };
  const forged = await list('kube-public', { continue: Buffer.from(JSON.stringify(token)).toString('base64url') });
  assert.deepEqual(
    forged?.items.map(({ metadata }) => metadata.namespace),
    ['kube-public'],
  );
});

test('server-side apply of what is not there takes the right to create', async () => {
  await using server = await startTestServer();
  const admin = { name: 'admin', groups: ['system:masters'] };
  const rbac = (resource: string, body: object) =>
    server.handler.handle({
      verb: 'create',
      resource: { group: 'rbac.authorization.k8s.io', version: 'v1', resource },
      ...inDefault,
      query: {},
      user: admin,
      body,
    });
  await rbac('roles', { metadata: { name: 'r' }, rules: [{ verbs: ['patch'], apiGroups: [''], resources: ['configmaps'] }] });
  await rbac('rolebindings', { metadata: { name: 'b' }, roleRef: { kind: 'Role', name: 'r' }, subjects: [{ kind: 'User', name: 'bob' }] });
  const apply = () =>
    ask(server, 'patch', 'configmaps', {
      ...inDefault,
      name: 'x',
      contentType: 'application/apply-patch+yaml',
      query: { fieldManager: 'bob', force: 'true' },
      body: configMap('x', { a: 'b' }),
      user: { name: 'bob', groups: [] },
    });
  await assert.rejects(apply(), /User "bob" cannot create resource "configmaps"/);
  await ask(server, 'create', 'configmaps', { ...inDefault, body: configMap('x') });
  await apply();
});
