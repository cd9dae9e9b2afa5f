import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { get } from 'node:https';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { connectKubectl, type Kubectl } from './testkit/kubectl.ts';
import { ask, configMap, startTestServer } from './testkit/server.ts';

const DEPLOYMENT = `
apiVersion: apps/v1
kind: Deployment
metadata:
  name: myapp
spec:
  replicas: 3
  selector:
    matchLabels:
      app: myapp
  template:
    metadata:
      labels:
        app: myapp
    spec:
      containers:
      - name: mycontainer
        image: myregistry/myimage:1.0
        ports:
        - containerPort: 80
---
apiVersion: v1
kind: Service
metadata:
  name: myservice
spec:
  selector:
    app: myapp
  ports:
  - protocol: TCP
    port: 80
    targetPort: 80
---
apiVersion: autoscaling/v1
kind: HorizontalPodAutoscaler
metadata:
  name: myautoscaler
spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: myapp
  minReplicas: 3
  maxReplicas: 10
  targetCPUUtilizationPercentage: 50
`;

describe('kubectl 1.32 as the user', () => {
  let server: Awaited<ReturnType<typeof startTestServer>>;
  let kubectl: Kubectl;
  let manifest: string;
  before(async () => {
    server = await startTestServer({ tokens: new Map([['secret-of-bob', { name: 'bob', groups: [] }]]) });
    kubectl = await connectKubectl(server);
    manifest = join(kubectl.folder, 'app.yaml');
    await writeFile(manifest, DEPLOYMENT);
  });
  after(async () => {
    await server[Symbol.asyncDispose]();
    await kubectl[Symbol.asyncDispose]();
  });
  /** What it printed; a failure is shown with its words. */
  const says = async (...args: string[]) => {
    const { stdout, stderr, code } = await kubectl(...args);
    assert.equal(code, 0, `${args.join(' ')}: ${stderr}`);
    return stdout;
  };

  test('applies the manifests as given, twice', async () => {
    assert.equal(
      await says('apply', '-f', manifest),
      'deployment.apps/myapp created\nservice/myservice created\nhorizontalpodautoscaler.autoscaling/myautoscaler created\n',
    );
    assert.equal(
      await says('apply', '-f', manifest),
      'deployment.apps/myapp unchanged\nservice/myservice unchanged\nhorizontalpodautoscaler.autoscaling/myautoscaler unchanged\n',
    );
  });
  test('shows what is there, wide and described', async () => {
    assert.match(await says('get', 'deploy,svc,hpa', '-o', 'wide'), /deployment.apps\/myapp\s+0\/3[^\n]+mycontainer\s+myregistry\/myimage:1.0\s+app=myapp/);
    assert.match(await says('describe', 'deployment', 'myapp'), /Replicas:\s+3 desired/);
    assert.match(await says('api-resources'), /deployments\s+deploy\s+apps\/v1\s+true\s+Deployment/);
    assert.match(await says('version'), /Server Version: v1.36/);
  });
  test('changes it: scale, set image, label, annotate, patch, rollout', async () => {
    await says('scale', 'deployment', 'myapp', '--replicas=5');
    await says('set', 'image', 'deployment/myapp', 'mycontainer=myregistry/myimage:2.0');
    await says('label', 'deployment', 'myapp', 'tier=front');
    await says('annotate', 'deployment', 'myapp', 'note=hello');
    await says('patch', 'service', 'myservice', '-p', '{"spec":{"type":"NodePort"}}');
    await says('rollout', 'restart', 'deployment/myapp');
    assert.equal(
      await says(
        'get',
        'deployment',
        'myapp',
        '-o',
        'jsonpath={.spec.replicas} {.metadata.labels.tier} {.metadata.annotations.note} {.spec.template.spec.containers[0].image}',
      ),
      '5 front hello myregistry/myimage:2.0',
    );
    assert.match(await says('get', 'service', 'myservice'), /NodePort.*80:3\d{4}\/TCP/);
  });
  test('is told the path of a wrong field', async () => {
    const wrong = join(kubectl.folder, 'wrong.yaml');
    await writeFile(wrong, DEPLOYMENT.replace('replicas: 3', 'replica: 3').replace('name: myapp', 'name: wrong'));
    const { code, stderr } = await kubectl('apply', '-f', wrong);
    assert.equal(code, 1);
    assert.match(stderr, /strict decoding error: unknown field "spec.replica"/);
  });
  test('creates without a manifest, in protocol buffers', async () => {
    await says('create', 'configmap', 'settings', '--from-literal=colour=blue');
    assert.equal(await says('get', 'configmap', 'settings', '-o', 'jsonpath={.data.colour}'), 'blue');
    await says('create', 'deployment', 'other', '--image=busybox', '--replicas=0', '--port=80');
    assert.equal(
      await says('get', 'deployment', 'other', '-o', 'jsonpath={.spec.replicas}:{.spec.template.spec.containers[0].ports[0].containerPort}'),
      '0:80',
    );
    assert.equal(await says('auth', 'can-i', 'delete', 'pods'), 'yes\n');
  });
  test('follows changes with get -w', async () => {
    const watching = kubectl.start('get', 'configmaps', '-w', '--no-headers', '-l', 'seen=yes');
    try {
      const lines = createInterface({ input: watching.stdout ?? process.stdin })[Symbol.asyncIterator]();
      const first = lines.next();
      await ask(server, 'create', 'configmaps', {
        namespace: 'default',
        body: { ...configMap('watched', { a: '1' }), metadata: { name: 'watched', labels: { seen: 'yes' } } },
      });
      assert.match((await first).value ?? '', /^watched\s+1/);
      await ask(server, 'patch', 'configmaps', {
        namespace: 'default',
        name: 'watched',
        contentType: 'application/merge-patch+json',
        body: { data: { b: '2' } },
      });
      assert.match((await lines.next()).value ?? '', /^watched\s+2/);
    } finally {
      const gone = once(watching, 'exit');
      watching.kill();
      await gone;
    }
  });
  test('deletes and waits for the end', async () => {
    assert.match(await says('delete', '-f', manifest), /deployment.apps "myapp" deleted/);
    assert.match((await kubectl('get', 'deployment', 'myapp')).stderr, /deployments.apps "myapp" not found/);
  });
  test('with a token that is not the administrator’s is refused by name', async () => {
    const answer = await kubectl(
      '--token=secret-of-bob',
      '--client-certificate=',
      '--client-key=',
      'get',
      'pods',
      '--kubeconfig',
      await withoutCertificate(kubectl),
    );
    assert.match(answer.stderr, /pods is forbidden: User "bob" cannot list resource "pods"/);
  });
  test('nobody in particular gets health and version, and nothing else', async () => {
    assert.deepEqual(
      [
        await statusOf(`${kubectl.url}/healthz`),
        await statusOf(`${kubectl.url}/version`),
        await statusOf(`${kubectl.url}/api/v1/pods`),
        await statusOf(`${kubectl.url}/metrics`),
      ],
      [200, 200, 401, 401],
    );
    assert.equal(await statusOf(`${kubectl.url}/api/v1/pods`, 'wrong'), 401);
  });
});

async function withoutCertificate(kubectl: Kubectl): Promise<string> {
  const file = join(kubectl.folder, 'plain');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 't',
    contexts: [{ name: 't', context: { cluster: 't' } }],
    clusters: [{ name: 't', cluster: { server: kubectl.url, 'insecure-skip-tls-verify': true } }],
  };
  await writeFile(file, JSON.stringify(config));
  return file;
}

function statusOf(url: string, token?: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    get(url, { rejectUnauthorized: false, agent: false, headers }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    }).once('error', reject);
  });
}
