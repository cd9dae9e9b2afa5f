import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, test } from 'node:test';
import { MAIN, startTestDaemon } from '../support/daemon.ts';
import { MYAPP } from '../support/manifests.ts';
import { output, type Outcome } from '../support/run.ts';

const manifest = MYAPP;
const daemon = await startTestDaemon(['--parts', 'apiserver,controllers,scheduler']);
after(() => daemon[Symbol.asyncDispose]());

const gantry = (line: string, input = ''): Promise<Outcome> => daemon.inside([process.execPath, '--no-warnings', MAIN, ...line.split(' ')], { input });
const ok = (line: string, input?: string) => output(gantry(line, input));
/** Waits on an object of the cluster with the real client. */
const until = (what: string) => output(daemon.kubectl(['wait', ...what.split(' '), '--timeout=20s']));

test('documents are applied: made, kept, changed', async () => {
  assert.equal(
    await ok('apply -f -', manifest),
    'deployment.apps/myapp created\nservice/myservice created\nhorizontalpodautoscaler.autoscaling/myautoscaler created\n',
  );
  assert.equal(
    await ok('apply -f -', manifest),
    'deployment.apps/myapp unchanged\nservice/myservice unchanged\nhorizontalpodautoscaler.autoscaling/myautoscaler unchanged\n',
  );
  assert.match(await ok('apply -f -', manifest.replace('targetPort: 80', 'targetPort: 81')), /service\/myservice configured/);
  assert.equal(await output(daemon.kubectl(['get', 'deploy', 'myapp', '-o', 'jsonpath={.metadata.managedFields[?(@.manager=="gantry")].operation}'])), 'Apply');
});

test('one document that fails does not hold up the others', async () => {
  const broken = manifest.replace('replicas: 3', 'replicas: many').replace('port: 80', 'port: 8080');
  const { status, stdout, stderr } = await gantry('apply -f -', broken);
  assert.equal(status, 1);
  assert.match(stderr, /Cannot apply deployment\.apps\/myapp: .*spec\.replicas/);
  assert.match(stdout, /service\/myservice configured/);
  assert.match((await gantry('apply -f -', 'kind: X\n')).stderr, /document 1: it says no apiVersion/);
  assert.match((await gantry('apply -f -', 'apiVersion: v9\nkind: X\nmetadata: {name: x}\n')).stderr, /"X" in version "v9"/);
});

test("another's fields are taken only when that is asked for", async () => {
  const own = manifest.split('---')[0] ?? '';
  const other = own.replace('replicas: 3', 'replicas: 2');
  assert.match((await gantry('apply --field-manager other -f -', other)).stderr, /replicas[\s\S]*--force-conflicts/);
  assert.match(await ok('apply --field-manager other --force-conflicts -f -', other), /configured/);
});

test('get prints the tables of the server; kinds go by any of their names', async () => {
  await until('--for=jsonpath={.status.replicas}=2 deployment/myapp');
  assert.match(await ok('get deploy myapp'), /^NAME +READY +UP-TO-DATE +AVAILABLE +AGE\nmyapp +0\/2 +2 +0 +\d+s\n$/);
  assert.match(await ok('get Deployments.apps -o wide'), /CONTAINERS +IMAGES +SELECTOR\nmyapp .*mycontainer +myregistry\/myimage:1\.0 +app=myapp\n$/);
  assert.match(await ok('get po,svc -A'), /^NAMESPACE +NAME[\s\S]*\ndefault +pod\/myapp-[\s\S]*\n\nNAMESPACE[\s\S]*service\/myservice/);
  assert.match(await ok('get all -n default'), /\npod\/myapp-.*[\s\S]*deployment\.apps\/myapp[\s\S]*replicaset\.apps\/myapp-/);
  assert.equal((await ok('get pods -l app=myapp -o name')).match(/^pod\/myapp-/gm)?.length, 2);
  assert.equal((await ok('get po -l app=myapp --no-headers')).trim().split('\n').length, 2);
  const { status, stderr } = await gantry('get pods -l app=none');
  assert.deepEqual([status, stderr], [0, 'No resources found in default namespace.\n']);
});

test('get gives objects as JSON and YAML', async () => {
  const one = JSON.parse(await ok('get svc/myservice -o json')) as { kind: string; metadata: object };
  assert.deepEqual([one.kind, 'managedFields' in one.metadata], ['Service', false]);
  const list = JSON.parse(await ok('get deploy,svc -o json --show-managed-fields')) as {
    kind: string;
    items: { kind: string; apiVersion: string; metadata: object }[];
  };
  assert.equal(list.kind, 'List');
  assert.deepEqual(list.items[0] && [list.items[0].kind, list.items[0].apiVersion, 'managedFields' in list.items[0].metadata], ['Deployment', 'apps/v1', true]);
  assert.match(await ok('apply -f -', await ok('get service myservice -o yaml')), /service\/myservice/);
});

test('what is not there is told in words', async () => {
  const check = async (line: string, words: RegExp, status = 1) => {
    const outcome = await gantry(line);
    assert.deepEqual([outcome.status, words.test(outcome.stderr)], [status, true], outcome.stderr);
  };
  await check('get nothing', /resource type "nothing"/);
  await check('get deploy nope', /deployments\.apps "nope" not found/);
  await check('scale svc/myservice --replicas 1', /no replicas to set/);
  await check('delete pods', /--all/, 2);
  await check('get pods -o table', /wide, json, yaml/, 2);
  await check('logs pod/nope', /pods "nope" not found/);
  await check('exec pod/nope -- true', /pods "nope" not found/);
});

test('scale and describe', async () => {
  assert.equal(await ok('scale deploy/myapp --replicas 4'), 'deployment.apps/myapp scaled\n');
  await until('--for=jsonpath={.status.replicas}=4 deployment/myapp');
  const text = await ok('describe deployment myapp');
  assert.match(text, /^Name: +myapp\nNamespace: +default\n/);
  assert.match(text, /\n +Image: +myregistry\/myimage:1\.0\n/);
  assert.match(text, /\nEvents:\n +TYPE +REASON +AGE +FROM +MESSAGE\n[\s\S]*ScalingReplicaSet +\S+ +deployment-controller +Scaled up/);
});

test('a watch shows each change', async () => {
  const words = ['--net', '--mount', '--target', String(daemon.pid), '--', process.execPath, '--no-warnings', MAIN, 'get', 'configmap', 'seen', '-w'];
  const environment = { ...process.env, KUBECONFIG: `${daemon.folder}/kubeconfig` };
  const manifestOf = (data: string) => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: seen}\ndata: {${data}}\n`;
  await ok('apply -f -', manifestOf('a: b'));
  const watching = spawn('nsenter', words, { stdio: ['ignore', 'pipe', 'inherit'], env: environment });
  const output = watching.stdout.setEncoding('utf8').iterator({ destroyOnReturn: false });
  let text = '';
  const lines = async (count: number) => {
    while (text.split('\n').length <= count) text += String((await output.next()).value);
  };
  try {
    await lines(2);
    await ok('apply -f -', manifestOf('a: b, c: d'));
    await lines(3);
    assert.match(text, /^NAME +DATA +AGE\nseen +1 +\S+\nseen +2 +\S+\n$/);
  } finally {
    const gone = once(watching, 'exit');
    watching.kill();
    await gone;
  }
});

test('what is deleted is gone', async () => {
  assert.equal(await ok('delete deploy myapp --cascade=foreground'), 'deployment.apps "myapp" deleted\n');
  assert.equal(await ok('get pods -l app=myapp -o name'), '');
  const documents = manifest.split('---').slice(1).join('---');
  assert.equal(await ok('delete -f -', documents), 'service "myservice" deleted\nhorizontalpodautoscaler.autoscaling "myautoscaler" deleted\n');
  assert.match((await gantry('delete -f -', documents)).stderr, /not found/);
  assert.equal(await ok('delete -f - --ignore-not-found', documents), '');
});

test("the daemon's own answer names the cluster where nothing else does", async () => {
  const directories = ['--data-dir', daemon.dataDir, '--run-dir', `${daemon.folder}/run`];
  const words = [process.execPath, '--no-warnings', MAIN, 'get', 'namespaces', '-o', 'name'];
  const outcome = await daemon.inside([...words, ...directories], { environment: { KUBECONFIG: '/nowhere/config' } });
  assert.match(outcome.stdout, /^namespace\/default\n/);
  assert.equal((await daemon.inside(words, { environment: { KUBECONFIG: '/nowhere/config' } })).status, 1);
});
