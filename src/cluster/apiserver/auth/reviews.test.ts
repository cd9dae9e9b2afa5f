import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type KubeObject, StatusError, type UserInfo } from '#cluster/api';
import { startTestServer } from '../testkit/server.ts';

type Server = Awaited<ReturnType<typeof startTestServer>>;
const ADMIN: UserInfo = { name: 'admin', groups: ['system:masters', 'system:authenticated'] };
const AUTHORIZATION = 'authorization.k8s.io';
const tokens = new Map([['robots-token', { name: 'robot', uid: '9', groups: ['machines'] }]]);

async function review(
  server: Server,
  group: string,
  resource: string,
  spec: object,
  more: { user?: UserInfo; namespace?: string } = {},
): Promise<Record<string, unknown>> {
  const answer = await server.handler.handle({ verb: 'create', resource: { group, version: 'v1', resource }, query: {}, user: ADMIN, body: { spec }, ...more });
  // A review, whose status is what was asked for.
  return (answer.kind === 'object' ? (answer.object as { status: Record<string, unknown> }) : { status: {} }).status;
}

async function bindDev(server: Server): Promise<void> {
  const create = (resource: string, body: object) =>
    server.handler.handle({
      verb: 'create',
      resource: { group: 'rbac.authorization.k8s.io', version: 'v1', resource },
      query: {},
      user: ADMIN,
      body,
    });
  const rules = [
    { verbs: ['get'], apiGroups: ['apps'], resources: ['deployments'], resourceNames: ['web'] },
    { verbs: ['get'], nonResourceURLs: ['/metrics'] },
  ];
  await create('clusterroles', { metadata: { name: 'dev' }, rules });
  await create('clusterrolebindings', { metadata: { name: 'dev' }, roleRef: { kind: 'ClusterRole', name: 'dev' }, subjects: [{ kind: 'Group', name: 'dev' }] });
}

test('of access: another’s, in one namespace, to paths; exactly one thing is asked', async () => {
  await using server = await startTestServer();
  await bindDev(server);
  const asked = { verb: 'get', group: 'apps', resource: 'deployments', namespace: 'default', name: 'web' };
  const sar = (spec: object) => review(server, AUTHORIZATION, 'subjectaccessreviews', spec);
  assert.deepEqual(await sar({ groups: ['dev'], resourceAttributes: asked }), {
    allowed: true,
    reason: 'RBAC: allowed by ClusterRoleBinding "dev" of ClusterRole "dev" to Group "dev"',
  });
  assert.equal((await sar({ user: 'bob', resourceAttributes: asked })).allowed, false);
  assert.equal((await sar({ groups: ['dev'], nonResourceAttributes: { path: '/metrics', verb: 'get' } })).allowed, true);
  assert.equal((await sar({ groups: ['dev'], nonResourceAttributes: { path: '/logs', verb: 'get' } })).allowed, false);
  await assert.rejects(sar({ resourceAttributes: asked }), /spec\.user: Invalid value: "": at least one of user or group must be specified$/);
  await assert.rejects(sar({ user: 'bob' }), /exactly one of nonResourceAttributes or resourceAttributes must be specified/);
  await assert.rejects(
    sar({ user: 'bob', resourceAttributes: asked, nonResourceAttributes: { path: '/', verb: 'get' } }),
    /cannot be specified in combination with resourceAttributes$/,
  );
  const local = (namespace: string) =>
    review(server, AUTHORIZATION, 'localsubjectaccessreviews', { groups: ['dev'], resourceAttributes: asked }, { namespace });
  assert.equal((await local('default')).allowed, true);
  await assert.rejects(local('kube-system'), /spec\.resourceAttributes\.namespace: Invalid value: "default": must match metadata\.namespace$/);
});

test('of one’s own rules, and only who may asks about others', async () => {
  await using server = await startTestServer();
  await bindDev(server);
  const user: UserInfo = { name: 'jane', groups: ['dev', 'system:authenticated'] };
  const status = await review(server, AUTHORIZATION, 'selfsubjectrulesreviews', { namespace: 'default' }, { user });
  assert.equal(status.incomplete, false);
  const own = (status.resourceRules as { resourceNames?: string[] }[]).find(({ resourceNames }) => resourceNames !== undefined);
  assert.deepEqual(own, { verbs: ['get'], apiGroups: ['apps'], resources: ['deployments'], resourceNames: ['web'] });
  assert.ok((status.nonResourceRules as { nonResourceURLs: string[] }[]).some(({ nonResourceURLs }) => nonResourceURLs.includes('/metrics')));
  await assert.rejects(review(server, AUTHORIZATION, 'subjectaccessreviews', { user: 'bob' }, { user }), /cannot create resource "subjectaccessreviews"/);
  await assert.rejects(review(server, AUTHORIZATION, 'nothings', {}), /could not find the requested resource|not found/);
});

test('of tokens and of oneself', async () => {
  await using server = await startTestServer({ tokens });
  const token = (spec: object) => review(server, 'authentication.k8s.io', 'tokenreviews', spec);
  assert.deepEqual(await token({ token: 'robots-token' }), {
    authenticated: true,
    user: { username: 'robot', uid: '9', groups: ['machines', 'system:authenticated'] },
    audiences: ['https://kubernetes.default.svc.cluster.local'],
  });
  assert.deepEqual(await token({ token: 'another' }), { user: {}, error: '[invalid bearer token, it is none that this cluster knows]' });
  assert.match(String((await token({ token: 'robots-token', audiences: ['vault'] })).error), /the token is for this API server only/);
  await assert.rejects(token({}), /token is required/);
  const self = await review(
    server,
    'authentication.k8s.io',
    'selfsubjectreviews',
    {},
    { user: { name: 'jane', groups: ['system:authenticated'], extra: { a: ['b'] } } },
  );
  assert.deepEqual(self, { userInfo: { username: 'jane', groups: ['system:authenticated'], extra: { a: ['b'] } } });
});

test('of what can not be asked: all that is wrong is told, and who asked stands in the answer', async () => {
  await using server = await startTestServer();
  const ask = (body: object, resource = 'subjectaccessreviews', query = {}) =>
    server.handler.handle({ verb: 'create', resource: { group: AUTHORIZATION, version: 'v1', resource }, query, user: ADMIN, body });
  await assert.rejects(ask({ spec: {} }), (error) => {
    assert.ok(error instanceof StatusError);
    assert.deepEqual([error.status, error.body.details?.causes?.map(({ field }) => field)], [422, ['spec.resourceAttributes', 'spec.user']]);
    return true;
  });
  const asked = { user: 'bob', resourceAttributes: { verb: 'get', resource: 'pods' } };
  await assert.rejects(ask({ metadata: { name: 'x' }, spec: asked }), /metadata: Invalid value: \{"name":"x".*must be empty$/);
  const selecting = { ...asked, resourceAttributes: { ...asked.resourceAttributes, labelSelector: {} } };
  await assert.rejects(ask({ spec: selecting }), /labelSelector\.requirements: Required value: when spec\.resourceAttributes\.labelSelector is specified/);
  await assert.rejects(ask({ kind: 'Foo', spec: asked }), /Foo/);
  await assert.rejects(ask({ spec: { namespace: '' } }, 'selfsubjectrulesreviews'), /no namespace on request/);
  const told = await ask({ other: 1, spec: asked }, undefined, { fieldManager: 'me' });
  assert.ok(told.kind === 'object');
  assert.deepEqual(told.warnings, ['unknown field "other"']);
  const [entry] = (told.object as KubeObject).metadata.managedFields as { manager: string; fieldsV1: object }[];
  assert.deepEqual(
    [entry?.manager, entry?.fieldsV1],
    ['me', { 'f:spec': { 'f:resourceAttributes': { '.': {}, 'f:resource': {}, 'f:verb': {} }, 'f:user': {} } }],
  );
});
