import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { startTestCluster } from '../support/cluster.ts';
import { MYAPP } from '../support/manifests.ts';
import { eventually } from '../support/eventually.ts';

const cluster = await startTestCluster();
after(() => cluster[Symbol.asyncDispose]());
const { kubectl, apply, field, shell } = cluster;

const NAME = 'myservice.default.svc.cluster.local';
const CLIENT = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'client' },
  spec: { containers: [{ name: 'main', image: 'busybox', command: ['sleep', '1000'] }] },
};
const podNames = async () => (await kubectl('get pods -l app=myapp -o jsonpath={.items[*].metadata.name}')).split(' ').sort();
/** The Pods that answer so many requests, by their names. */
const seen = async (url: string, requests = 60) => {
  const lines = (await shell(`for i in $(seq ${requests}); do curl --silent --show-error --fail --max-time 5 ${url}; done`)).trim().split('\n');
  assert.equal(lines.length, requests);
  return [...new Set(lines.map((line) => line.split(' ')[0] ?? ''))].sort();
};

suite('the three manifests of the walk-through', () => {
  before(async () => {
    await apply(CLIENT);
    await kubectl('wait pod/client --for=condition=Ready --timeout=20s');
  });

  test('three Pods become Ready, each with an address of its own', async (t) => {
    const began_ms = performance.now();
    await apply(MYAPP);
    await kubectl('wait deployment/myapp --for=jsonpath={.status.readyReplicas}=3 --timeout=20s');
    t.diagnostic(`apply to three Pods Ready, both kubectl commands included: ${Math.round(performance.now() - began_ms)} ms`);
    const addresses = (await kubectl('get pods -l app=myapp -o jsonpath={.items[*].status.podIP}')).split(' ');
    assert.equal(new Set(addresses).size, 3);
    for (const address of addresses) assert.match(address, /^10\.42\./);
  });

  test('inside a Pod the name resolves, and each of the three answers within 60 requests', async () => {
    const clusterIp = await field('service/myservice', '.spec.clusterIP');
    assert.match(await kubectl(`exec client -- nslookup ${NAME}`), new RegExp(`Address:? *(1: )?${clusterIp.replaceAll('.', '\\.')}`));
    for (const name of [NAME, 'myservice', 'myservice.default', 'myservice.default.svc'])
      assert.match(await kubectl(`exec client -- wget -qO- http://${name}`), /^myapp-\S+ 1\.0\n$/);
    const outcome = await cluster.try(['exec', 'client', '--', 'sh', '-c', `for i in $(seq 60); do wget -qO- http://${NAME}; done`]);
    assert.equal(outcome.status, 0, outcome.stderr);
    const answers = outcome.stdout.trim().split('\n');
    assert.equal(answers.length, 60);
    assert.deepEqual([...new Set(answers.map((line) => line.split(' ')[0]))].sort(), await podNames());
  });

  test('from the host the ClusterIP answers too, on a new connection each of the three', async () => {
    assert.deepEqual(await seen(`http://${await field('service/myservice', '.spec.clusterIP')}`), await podNames());
  });

  test('a Pod reaches itself through its own Service', async () => {
    await apply({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'alone', labels: { app: 'alone' } },
      spec: { containers: [{ name: 'main', image: 'myregistry/myimage:1.0' }] },
    });
    await kubectl('expose pod alone --port=80');
    await kubectl('wait pod/alone --for=condition=Ready --timeout=20s');
    assert.equal(await eventually('an answer', () => kubectl('exec alone -- wget -qO- http://alone')), 'alone 1.0\n');
    await kubectl('delete service,pod alone --timeout=20s');
  });

  test('a docker container reaches the ClusterIP by its address', async () => {
    const clusterIp = await field('service/myservice', '.spec.clusterIP');
    const outcome = await cluster.daemon.docker(['run', '--rm', 'busybox', 'wget', '-qO-', `http://${clusterIp}`]);
    assert.match(outcome.stdout, /^myapp-\S+ 1\.0\n$/, outcome.stderr);
  });
});

suite('other kinds of Service', () => {
  before(async () => {
    await kubectl('scale deployment myapp --replicas=3');
    await kubectl('rollout status deployment/myapp --timeout=20s');
  });

  test('NodePort: by the address of the machine and by localhost, and it goes when the Service goes', async () => {
    await kubectl('expose deployment myapp --name=outside --type=NodePort --port=8080 --target-port=80');
    const port = await field('service/outside', '.spec.ports[0].nodePort');
    await eventually('an answer', () => shell(`curl --silent --fail --max-time 2 http://192.0.2.10:${port}`));
    assert.deepEqual(await seen(`http://192.0.2.10:${port}`), await podNames());
    assert.deepEqual(await seen(`http://127.0.0.1:${port}`), await podNames());
    await kubectl('delete service outside');
    await eventually('a refusal', async () => (await cluster.daemon.inside(['curl', '--silent', '--max-time', '2', `http://192.0.2.10:${port}`])).status === 7);
  });

  test('headless: the name gives the address of every Pod', async () => {
    await kubectl('expose deployment myapp --name=every --cluster-ip=None --port=80');
    const addresses = (await kubectl('get pods -l app=myapp -o jsonpath={.items[*].status.podIP}')).split(' ');
    const said = await eventually('three addresses', async () => {
      const text = await kubectl('exec client -- nslookup every.default.svc.cluster.local');
      return addresses.every((address) => text.includes(address)) && text;
    });
    for (const address of addresses) assert.ok(said.includes(address));
    await kubectl('delete service every');
  });

  test('sessionAffinity ClientIP: one client, one Pod', async () => {
    await kubectl('patch service myservice -p {"spec":{"sessionAffinity":"ClientIP"}}');
    const clusterIp = await field('service/myservice', '.spec.clusterIP');
    await eventually('one Pod alone', async () => (await seen(`http://${clusterIp}`, 20)).length === 1);
    await kubectl('patch service myservice -p {"spec":{"sessionAffinity":"None"}}');
    await eventually('all of them', async () => (await seen(`http://${clusterIp}`, 40)).length === 3);
  });

  test('a Service without a ready Pod refuses at once', async () => {
    await kubectl('create service clusterip nobody --tcp=80:80');
    const clusterIp = await field('service/nobody', '.spec.clusterIP');
    await eventually('a refusal', async () => (await cluster.daemon.inside(['curl', '--silent', '--max-time', '2', `http://${clusterIp}`])).status === 7);
    const outcome = await cluster.try(['exec', 'client', '--', 'wget', '-qO-', 'http://nobody']);
    assert.match(outcome.stderr, /refused/);
  });
});

suite('who is in a Service', () => {
  test('a Pod whose readiness probe fails leaves it, and comes back', async () => {
    const readinessProbe = { exec: { command: ['test', '!', '-e', '/tmp/away'] }, periodSeconds: 1, failureThreshold: 1 };
    for (const name of ['one', 'two'])
      await apply({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name, labels: { app: 'pair' } },
        spec: { containers: [{ name: 'main', image: 'myregistry/myimage:1.0', readinessProbe }] },
      });
    await apply({ apiVersion: 'v1', kind: 'Service', metadata: { name: 'pair' }, spec: { selector: { app: 'pair' }, ports: [{ port: 80 }] } });
    await kubectl('wait pod/one pod/two --for=condition=Ready --timeout=20s');
    const url = `http://${await field('service/pair', '.spec.clusterIP')}`;
    await eventually('both', async () => (await seen(url, 30)).length === 2);
    await kubectl('exec one -- touch /tmp/away');
    await kubectl('wait pod/one --for=condition=Ready=false --timeout=20s');
    await eventually('two alone', async () => (await seen(url, 30)).join() === 'two');
    await kubectl('exec one -- rm /tmp/away');
    await eventually('both again', async () => (await seen(url, 30)).length === 2);
  });

  test('Pods reach the API server through its own Service', async () => {
    const outcome = await cluster.try([
      'exec',
      'client',
      '--',
      'sh',
      '-c',
      'nc -w 3 $KUBERNETES_SERVICE_HOST $KUBERNETES_SERVICE_PORT </dev/null && echo open',
    ]);
    assert.match(outcome.stdout, /open/, outcome.stderr);
  });

  test('the name of another namespace needs its namespace, and names outside are asked outside', async () => {
    await kubectl('create namespace other');
    await kubectl('create service clusterip far --tcp=80:80 -n other');
    const look = async (name: string) => await cluster.try(['exec', 'client', '--', 'nslookup', name]);
    await eventually('the name', async () => (await look('far.other.svc.cluster.local')).status === 0);
    assert.notEqual((await look('far.default.svc.cluster.local')).status, 0);
  });
});
