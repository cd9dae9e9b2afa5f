import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { after, test } from 'node:test';
import { MAIN, startTestDaemon } from '../support/daemon.ts';
import { MYAPP } from '../support/manifests.ts';
import { output } from '../support/run.ts';

const manifest = MYAPP;
const daemon = await startTestDaemon(['--parts', 'registry,apiserver,controllers,scheduler']);
after(() => daemon[Symbol.asyncDispose]());

const kubectl = (line: string, input?: string) => output(daemon.kubectl(line.split(' '), input === undefined ? {} : { input }));
const refused = async (line: string, input: string) => {
  const outcome = await daemon.kubectl(line.split(' '), { input });
  assert.notEqual(outcome.status, 0);
  return outcome.stderr;
};

test('the three manifests of the walk-through are applied, twice', async () => {
  assert.match(
    await kubectl('apply -f -', manifest),
    /deployment.apps\/myapp created\nservice\/myservice created\nhorizontalpodautoscaler.autoscaling\/myautoscaler created/,
  );
  assert.match(await kubectl('apply -f -', manifest), /myapp unchanged\nservice\/myservice unchanged/);
  assert.match(await kubectl('get all -o wide'), /deployment.apps\/myapp +0\/3 +\d +0 +\d+s +mycontainer +myregistry\/myimage:1.0 +app=myapp/);
  assert.match(await kubectl('get service myservice -o jsonpath={.spec.clusterIP}'), /^10\.43\.\d+\.\d+$/);
});

test('a Deployment gets its Pods, which say why they wait where there is no node', async () => {
  await kubectl('wait --for=jsonpath={.status.replicas}=3 deployment/myapp --timeout=20s');
  const names = (await kubectl('get pods -l app=myapp -o name')).trim().split('\n');
  assert.equal(names.length, 3);
  await kubectl('wait --for=jsonpath={.status.conditions[0].reason}=Unschedulable pod -l app=myapp --timeout=20s');
  await kubectl(`delete ${names[0]}`);
  await kubectl('wait --for=jsonpath={.status.replicas}=3 deployment/myapp --timeout=20s');
  await kubectl('scale deployment myapp --replicas 4');
  await kubectl('wait --for=jsonpath={.status.replicas}=4 deployment/myapp --timeout=20s');
});

test('a new image is a new revision, and undo brings the old one back', async () => {
  await kubectl('set image deployment/myapp mycontainer=other:2');
  await kubectl('wait --for=jsonpath={.metadata.annotations.deployment\\.kubernetes\\.io/revision}=2 deployment/myapp --timeout=20s');
  assert.match(await kubectl('rollout history deployment myapp'), /\n1 .*\n2 /);
  await kubectl('rollout undo deployment myapp');
  assert.equal(await kubectl('get deployment myapp -o jsonpath={.spec.template.spec.containers[0].image}'), 'myregistry/myimage:1.0');
  await kubectl('wait --for=jsonpath={.metadata.annotations.deployment\\.kubernetes\\.io/revision}=3 deployment/myapp --timeout=20s');
});

test('what a Deployment made goes with it', async () => {
  await kubectl('delete deployment myapp --cascade=foreground --timeout=20s');
  assert.equal(await kubectl('get pods,replicasets -l app=myapp -o name'), '');
});

test('scale, set image, label, annotate and patch change what they say', async () => {
  await kubectl('create -f -', manifest.replaceAll('myapp', 'second').replaceAll('myservice', 'second').replaceAll('myautoscaler', 'second'));
  await kubectl('scale deployment second --replicas 5');
  await kubectl('set image deployment/second mycontainer=other:2');
  await kubectl('label deployment second tier=web');
  await kubectl('patch deployment second --type json -p [{"op":"add","path":"/spec/paused","value":true}]');
  // A Deployment's annotations count as its spec does, and the controller writes its revision there.
  const fields = '{.spec.replicas} {.spec.template.spec.containers[0].image} {.metadata.labels.tier} {.spec.paused} {.metadata.generation}';
  assert.match(await output(daemon.kubectl(['get', 'deployment', 'second', '-o', `jsonpath=${fields}`])), /^5 other:2 web true [456]$/);
  assert.match(await kubectl('describe deployment second'), /Replicas: +5 desired/);
});

test('server-side apply makes, keeps, and refuses what another manager applied otherwise', async () => {
  const own = manifest.replaceAll('myapp', 'owned').split('---')[0] ?? '';
  assert.match(await kubectl('apply --server-side -f -', own), /owned serverside-applied/);
  assert.match(await kubectl('apply --server-side -f -', own), /owned serverside-applied/);
  const other = own.replace('replicas: 3', 'replicas: 4');
  assert.match(await refused('apply --server-side --field-manager other -f -', other), /conflict with "kubectl".*\.spec\.replicas/);
  await kubectl('apply --server-side --field-manager other --force-conflicts -f -', other);
  assert.equal(await kubectl('get deployment owned -o jsonpath={.spec.replicas}'), '4');
});

test('explain knows fields, and create sends what the server reads', async () => {
  assert.match(await kubectl('explain deployment.spec.replicas'), /FIELD: replicas <integer>/);
  await kubectl('create configmap made --from-literal=a=b');
  assert.equal(await kubectl('get configmap made -o jsonpath={.data.a}'), 'b');
  assert.equal((await kubectl('auth can-i create pods')).trim(), 'yes');
});

test('a manifest with a wrong field is refused with its path', async () => {
  assert.match(
    await refused('apply -f -', manifest.replace('replicas: 3', 'replicaz: 3').replace('name: myapp', 'name: wrong')),
    /unknown field "spec.replicaz"/,
  );
  assert.match(
    await refused('apply -f -', manifest.replace('replicas: 3', 'replicas: -3').replace('name: myapp', 'name: wrong')),
    /spec.replicas: Invalid value: -3/,
  );
  assert.match(
    await refused('apply -f -', manifest.replace('containerPort: 80', 'containerPort: eighty').replace('name: myapp', 'name: wrong')),
    /json: cannot unmarshal string into Go struct field ContainerPort\.spec\.template\.spec\.containers\.ports\.containerPort of type int32/,
  );
  const outcome = await daemon.kubectl(['get', 'deployment', 'wrong']);
  assert.match(outcome.stderr, /deployments.apps "wrong" not found/);
});

test('a watch sees what is made after it began', async () => {
  const watching = daemon.kubectl(['wait', '--for=create', 'namespace/later', '--timeout=20s']);
  await kubectl('apply -f -', '{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"later"}}');
  assert.equal((await watching).status, 0);
});

test('nobody without a certificate gets more than health and version', async () => {
  const get = (path: string) => output(daemon.inside(['curl', '--silent', '--insecure', `https://127.0.0.1:6443${path}`]));
  assert.equal(await get('/readyz'), 'ok');
  assert.match(await get('/version'), /"major": ?"1"/);
  assert.match(await get('/api/v1/namespaces'), /"code": ?40[13]/);
});

test('kill -9 loses nothing that was acknowledged', async () => {
  await kubectl('apply -f -', '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"kept"},"data":{"a":"b"}}');
  await daemon.crash();
  await daemon.restart();
  assert.equal(await kubectl('get configmap kept -o jsonpath={.data.a}'), 'b');
});

test('starting twice on one data dir is refused with the process that runs there', async () => {
  const outcome = await daemon.gantry(['up', '--api', '127.0.0.1:7443', '--registry', '127.0.0.1:7000']);
  assert.equal(outcome.status, 1);
  assert.match(outcome.stderr, new RegExp(`process ${daemon.pid} already runs there`));
});

test('status says where everything is', async () => {
  const outcome = await daemon.gantry(['status', '-o', 'json']);
  const status = JSON.parse(outcome.stdout) as Record<string, unknown>;
  assert.deepEqual([status.ready, status.pid, status.apiServer, status.registry], [true, daemon.pid, 'https://127.0.0.1:6443', '127.0.0.1:5000']);
  assert.deepEqual(status.parts, {
    registry: { state: 'ready' },
    apiserver: { state: 'ready' },
    controllers: { state: 'ready' },
    scheduler: { state: 'ready' },
  });
});

test('a start that is refused leaves nothing behind', async () => {
  const dataDir = `${daemon.folder}/refused/data`;
  const up = ['up', '--detach', '--data-dir', dataDir, '--run-dir', `${daemon.folder}/refused-run`];
  const outcome = await daemon.inside([process.execPath, '--no-warnings', MAIN, ...up]);
  assert.equal(outcome.status, 1);
  assert.match(outcome.stderr, /another program listens there/);
  assert.deepEqual(
    (await readdir(daemon.folder)).filter((name) => name.startsWith('refused')),
    [],
  );
});

test('an address in use, an unknown part and a malformed option are each one clear sentence', async () => {
  const check = async (options: string[], words: RegExp) => {
    const outcome = await daemon.gantry(['up', ...options]);
    assert.equal(outcome.status, 1);
    assert.match(outcome.stderr.trim(), words);
    assert.equal(outcome.stderr.trim().split('\n').length, 1);
  };
  await check(['--registry', '127.0.0.1:7000'], /Cannot listen on 127.0.0.1:6443: another program listens there/);
  await check(['--parts', 'apiserver,frobnicator'], /Cannot take part "frobnicator"/);
  await check(['--api', 'here'], /Cannot take "here" for --api: it must be HOST:PORT/);
});
