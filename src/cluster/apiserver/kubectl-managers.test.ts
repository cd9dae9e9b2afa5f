import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { connectKubectl, type Kubectl } from './testkit/kubectl.ts';
import { ask, askObject, configMap, startTestServer } from './testkit/server.ts';

interface Entry {
  readonly manager: string;
  readonly operation: string;
  readonly subresource?: string;
  readonly fieldsV1: object;
}

describe('who manages which field, with kubectl', () => {
  let server: Awaited<ReturnType<typeof startTestServer>>;
  let kubectl: Kubectl;
  before(async () => {
    server = await startTestServer();
    kubectl = await connectKubectl(server);
  });
  after(async () => {
    await server[Symbol.asyncDispose]();
    await kubectl[Symbol.asyncDispose]();
  });

  const manifest = async (more: object, labels: Record<string, string> = {}) => {
    const template = { metadata: { labels: { app: 'x' } }, spec: { containers: [{ name: 'main', image: 'busybox' }] } };
    const object = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web', labels },
      spec: { selector: { matchLabels: { app: 'x' } }, template, ...more },
    };
    const file = join(kubectl.folder, 'web.json');
    await writeFile(file, JSON.stringify(object));
    return file;
  };
  const managers = async (name: string) => {
    const { stdout } = await kubectl('get', name, '--show-managed-fields', '-o', 'jsonpath={.metadata.managedFields}');
    return JSON.parse(stdout) as Entry[];
  };
  const brief = (entries: readonly Entry[]) => entries.map(({ manager, operation, subresource = '' }) => `${manager} ${operation} ${subresource}`.trim());

  test('create, set, scale and status each leave their mark', async () => {
    await kubectl('create', 'configmap', 'c', '--from-literal=a=b');
    assert.deepEqual((await managers('configmap/c'))[0]?.fieldsV1, { 'f:data': { '.': {}, 'f:a': {} } });
    await kubectl('apply', '-f', await manifest({ replicas: 2 }, { tier: 'front' }));
    assert.deepEqual(brief(await managers('deploy/web')), ['kubectl-client-side-apply Update']);
    await kubectl('set', 'image', 'deploy/web', 'main=alpine');
    await kubectl('scale', 'deploy/web', '--replicas=3');
    const object = await server.handler.handle({
      verb: 'patch',
      resource: { group: 'apps', version: 'v1', resource: 'deployments' },
      namespace: 'default',
      name: 'web',
      subresource: 'status',
      contentType: 'application/merge-patch+json',
      body: { status: { replicas: 1 } },
      query: {},
      user: { name: 'system:kube-controller-manager', groups: ['system:masters'] },
    });
    assert.equal(object.kind, 'object');
    const entries = await managers('deploy/web');
    // Those of one second stand in the order of their names.
    const sorted = entries.toSorted((one, other) => (one.manager < other.manager ? -1 : 1));
    assert.deepEqual(brief(sorted), [
      'kube-controller-manager Update status',
      'kubectl Update scale',
      'kubectl-client-side-apply Update',
      'kubectl-set Update',
    ]);
    assert.deepEqual(sorted[1]?.fieldsV1, { 'f:spec': { 'f:replicas': {} } });
    assert.deepEqual(sorted[0]?.fieldsV1, { 'f:status': { 'f:replicas': {} } });
  });
  test('whoever applies a field that another has is told so, and takes it by force', async () => {
    const file = await manifest({ replicas: 5 });
    const refused = await kubectl('apply', '--server-side', '--field-manager', 'other', '-f', file);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /Apply failed with \d conflicts?/);
    assert.match(refused.stderr, /conflicts? with "kubectl" with subresource "scale" using apps\/v1.*\.spec\.replicas/s);
    assert.match(refused.stderr, /conflicts? with "kubectl-set" using apps\/v1.*\.spec\.template\.spec\.containers\[name="main"\]\.image/s);
    const forced = await kubectl('apply', '--server-side', '--field-manager', 'other', '--force-conflicts', '-f', file);
    assert.equal(forced.code, 0, forced.stderr);
    assert.equal((await kubectl('get', 'deploy/web', '-o', 'jsonpath={.spec.replicas}')).stdout, '5');
    assert.ok(!brief(await managers('deploy/web')).includes('kubectl Update scale'));
  });
  test('an object that kubectl applied itself is handed to the server’s apply, and loses what is said no more', async () => {
    await kubectl('delete', 'deploy', 'web');
    await kubectl('apply', '-f', await manifest({ replicas: 2, minReadySeconds: 7 }, { tier: 'front' }));
    const answer = await kubectl('apply', '--server-side', '-f', await manifest({ replicas: 2 }));
    assert.equal(answer.code, 0, answer.stderr);
    assert.deepEqual(brief(await managers('deploy/web')), ['kubectl-last-applied Apply', 'kubectl Apply']);
    const { stdout } = await kubectl('get', 'deploy/web', '-o', 'jsonpath={.metadata.labels.tier},{.spec.minReadySeconds}');
    assert.equal(stdout, ',');
  });
  test('an update that says nothing of managers keeps them; an empty entry, or an empty list, forgets them', async () => {
    const put = async (managedFields: unknown[] | undefined, value: string) => {
      const body = { ...configMap('d', { a: value, b: '2' }), metadata: { name: 'd', ...(managedFields ? { managedFields } : {}) } };
      await ask(server, 'update', 'configmaps', { namespace: 'default', name: 'd', body, query: { fieldManager: value } });
    };
    await ask(server, 'create', 'configmaps', { namespace: 'default', body: configMap('d', { a: '1', b: '2' }), query: { fieldManager: 'first' } });
    await put(undefined, 'second');
    assert.deepEqual(brief(await managers('configmap/d')), ['first Update', 'second Update']);
    await put([{}], 'third');
    // Once forgotten, nobody is named until the first apply.
    const forgotten = await askObject(server, 'get', 'configmaps', { namespace: 'default', name: 'd' });
    assert.equal(forgotten.metadata.managedFields, undefined);
    const made = await askObject(server, 'create', 'configmaps', { namespace: 'default', body: configMap('l', { a: '1' }) });
    assert.equal(made.metadata.managedFields?.length, 1);
    const contentType = 'application/merge-patch+json';
    const body = { metadata: { managedFields: [] } };
    const patched = await askObject(server, 'patch', 'configmaps', { namespace: 'default', name: 'l', contentType, body });
    assert.equal(patched.metadata.managedFields, undefined);
  });
});
