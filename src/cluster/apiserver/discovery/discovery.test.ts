import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { connectKubectl, type Kubectl } from '../testkit/kubectl.ts';
import { at, type Https, httpsOf } from '../testkit/https.ts';
import { ask, askObject, pod, startTestServer } from '../testkit/server.ts';

const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json';
interface Row {
  readonly name: string;
  readonly kind: string;
  readonly group?: string;
  readonly version?: string;
  readonly verbs: readonly string[];
  readonly storageVersionHash?: string;
}

describe('discovery', () => {
  let server: Awaited<ReturnType<typeof startTestServer>>;
  let kubectl: Kubectl;
  let call: Https;
  before(async () => {
    server = await startTestServer({ tokens: new Map([['word', { name: 'admin', groups: ['system:masters'] }]]) });
    kubectl = await connectKubectl(server);
    call = httpsOf(kubectl.url, 'word');
  });
  after(async () => {
    await server[Symbol.asyncDispose]();
    await kubectl[Symbol.asyncDispose]();
  });
  const rows = async (path: string) => at((await call('GET', path)).json(), 'resources') as readonly Row[];

  test('subresources say what they speak, and what they are for', async () => {
    const all = [...(await rows('/api/v1')), ...(await rows('/apis/apps/v1')), ...(await rows('/apis/authorization.k8s.io/v1'))];
    const check = (name: string, expected: string) => {
      const row = all.find((one) => one.name === name);
      assert.equal(row && `${row.group ?? ''} ${row.version ?? ''} ${row.kind} ${row.verbs.join(',')}`.trim(), expected, name);
    };
    check('serviceaccounts/token', 'authentication.k8s.io v1 TokenRequest create');
    check('pods/eviction', 'policy v1 Eviction create');
    check('pods/binding', 'Binding create');
    check('bindings', 'Binding create');
    check('componentstatuses', 'ComponentStatus get,list');
    check('pods/exec', 'PodExecOptions create,get');
    check('pods/log', 'Pod get');
    check('namespaces/finalize', 'Namespace update');
    check('replicationcontrollers/scale', 'autoscaling v1 Scale get,patch,update');
    check('deployments/scale', 'autoscaling v1 Scale get,patch,update');
    check('deployments/status', 'Deployment get,patch,update');
    check('localsubjectaccessreviews', 'LocalSubjectAccessReview create');
  });
  test('versions that are stored as one have one hash, as Kubernetes makes it', async () => {
    const hash = async (path: string, name: string) => (await rows(path)).find((row) => row.name === name)?.storageVersionHash;
    assert.equal(await hash('/api/v1', 'configmaps'), 'qFsyl6wFWjQ=');
    assert.equal(await hash('/apis/apps/v1', 'deployments'), '8aSe+NMegvE=');
    assert.equal(await hash('/apis/events.k8s.io/v1', 'events'), await hash('/api/v1', 'events'));
    assert.equal(await hash('/apis/autoscaling/v1', 'horizontalpodautoscalers'), await hash('/apis/autoscaling/v2', 'horizontalpodautoscalers'));
    assert.equal(await hash('/apis/authentication.k8s.io/v1', 'tokenreviews'), undefined);
  });
  test('who has the aggregated document is told that it is the same, until a definition changes it', async () => {
    const first = await call('GET', '/apis', { accept: AGGREGATED });
    const tag = String(first.headers.etag);
    assert.match(tag, /^"[0-9A-F]{128}"$/);
    const again = await call('GET', '/apis', { accept: AGGREGATED, 'if-none-match': tag });
    assert.deepEqual([again.status, again.bytes.length, again.headers.etag], [304, 0, tag]);
    const definition = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'gauges.example.com' },
      spec: {
        group: 'example.com',
        scope: 'Namespaced',
        names: { plural: 'gauges', singular: 'gauge', kind: 'Gauge' },
        versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
      },
    };
    const made = await call(
      'POST',
      '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
      { 'content-type': 'application/json' },
      JSON.stringify(definition),
    );
    assert.equal(made.status, 201, made.text);
    const changed = await call('GET', '/apis', { accept: AGGREGATED, 'if-none-match': tag });
    assert.equal(changed.status, 200);
    assert.match(changed.text, /"resource":"gauges"/);
  });
  test('each operation is described with the kinds that it takes and gives', async () => {
    const core = (await call('GET', '/openapi/v3/api/v1')).json();
    const apps = (await call('GET', '/openapi/v3/apis/apps/v1')).json();
    const check = (document: unknown, path: string, method: string, expected: readonly string[]) => {
      const operation = (at(document, 'paths') as Record<string, Record<string, unknown>>)[path]?.[method];
      const content = at(operation, 'responses.200.content') as Record<string, { schema: { $ref?: string; type?: string } }>;
      const { schema } = Object.values(content)[0] ?? { schema: {} };
      assert.deepEqual(
        [at(operation, 'operationId'), at(operation, 'x-kubernetes-group-version-kind.kind'), schema.$ref?.split('.').at(-1) ?? schema.type],
        expected,
      );
    };
    const pods = '/api/v1/namespaces/{namespace}/pods';
    check(core, pods, 'get', ['listCoreV1NamespacedPod', 'Pod', 'PodList']);
    check(core, '/api/v1/pods', 'get', ['listCoreV1PodForAllNamespaces', 'Pod', 'PodList']);
    check(core, pods, 'delete', ['deleteCoreV1CollectionNamespacedPod', 'Pod', 'Status']);
    check(core, `${pods}/{name}/eviction`, 'post', ['createCoreV1NamespacedPodEviction', 'Eviction', 'Eviction']);
    check(core, `${pods}/{name}/log`, 'get', ['readCoreV1NamespacedPodLog', 'Pod', 'string']);
    check(core, `${pods}/{name}/exec`, 'post', ['connectCoreV1PostNamespacedPodExec', 'PodExecOptions', 'string']);
    check(core, '/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token', 'post', [
      'createCoreV1NamespacedServiceAccountToken',
      'TokenRequest',
      'TokenRequest',
    ]);
    check(core, '/api/v1/namespaces/{namespace}/configmaps/{name}', 'delete', ['deleteCoreV1NamespacedConfigMap', 'ConfigMap', 'Status']);
    check(apps, '/apis/apps/v1/namespaces/{namespace}/deployments/{name}/scale', 'put', ['replaceAppsV1NamespacedDeploymentScale', 'Scale', 'Scale']);
  });
  test('a Binding finds its Pod by its name, and the store’s health is asked as long ago', async () => {
    await ask(server, 'create', 'pods', { namespace: 'default', body: pod('p') });
    const binding = { apiVersion: 'v1', kind: 'Binding', metadata: { name: 'p' }, target: { kind: 'Node', name: 'n1' } };
    const made = await call('POST', '/api/v1/namespaces/default/bindings', { 'content-type': 'application/json' }, JSON.stringify(binding));
    assert.equal(made.status, 201, made.text);
    const bound = await askObject(server, 'get', 'pods', { namespace: 'default', name: 'p' });
    assert.equal(at(bound, 'spec.nodeName'), 'n1');
    const listed = await kubectl('get', 'cs');
    assert.match(listed.stderr, /v1 ComponentStatus is deprecated/);
    assert.match(listed.stdout, /etcd-0/);
  });
});
