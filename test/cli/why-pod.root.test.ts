import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startTestCluster } from '../support/cluster.ts';
import { eventually } from '../support/eventually.ts';

const cluster = await startTestCluster();
after(() => cluster[Symbol.asyncDispose]());
const { apply } = cluster;

type Fields = Readonly<Record<string, unknown>>;
const pod = (name: string, container: Fields = {}, spec: Fields = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, labels: { app: name } },
  spec: { ...spec, containers: [{ name: 'main', image: 'busybox', imagePullPolicy: 'IfNotPresent', ...container }] },
});
const shell = (line: string) => ({ command: ['sh', '-c', line] });
const why = async (line: string) => (await cluster.daemon.gantry(['why', ...line.split(' ')])).stdout;
/** Asks again until the cluster has come so far. */
const says = (line: string, pattern: RegExp) =>
  eventually(`why ${line} to say ${pattern}`, async () => {
    const said = await why(line);
    if (!pattern.test(said)) throw new Error(said);
    return said;
  });
const SERVE = shell("trap 'kill $!; exit 0' TERM; httpd -f -p 80 -h / & wait");

test('a Pod that no node can take, one without an image, one that crashes, one that is not ready', async () => {
  await apply(pod('big', { ...SERVE, resources: { requests: { cpu: '4000' } } }, { nodeSelector: { disk: 'none' } }));
  await apply(pod('pictureless', { image: 'localhost:1/none:1', imagePullPolicy: 'Always' }));
  await apply(pod('crashing', shell('echo the reason; exit 3')));
  await apply(pod('unready', { ...SERVE, readinessProbe: { exec: { command: ['false'] }, periodSeconds: 1 } }));
  assert.match(await says('pod big', /STOP +nodes +\S+: Insufficient cpu/), /is Pending\nSTOP +scheduling +0\/1 nodes are available: 1 node\(s\) didn't match/);
  assert.match(await says('pod pictureless', /STOP +container main +(ErrImagePull|ImagePullBackOff)/), /→ Look at the image's name "localhost:1\/none:1"/);
  assert.match(await says('pod crashing', /CrashLoopBackOff.*the last run ended with exit code 3/), /log of main +the last lines:\n +the reason\n/);
  assert.match(await says('pod unready -n default', /container main +runs, but is not ready/), /STOP +ready +it is not ready, so no Service leads to it/);
  const { findings } = JSON.parse(await why('pod unready -o json'));
  assert.ok(findings.some(({ step, ok }: { step: string; ok: boolean }) => step === 'ready' && !ok));
  const none = await cluster.daemon.gantry(['why', 'pod', 'nobody']);
  assert.equal(none.status, 1);
  assert.match(none.stderr, /pods "nobody" not found/);
});

test('ports of Services: the address, the port of the node, the Pod, and no Pod at all', async () => {
  await apply(pod('serving', SERVE));
  const service = (name: string, app: string, port: number, nodePort: number) => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name },
    spec: { type: 'NodePort', selector: { app }, ports: [{ port, targetPort: 80, nodePort }] },
  });
  await apply(service('good', 'serving', 8090, 30_090));
  await apply(service('wrong', 'nobody', 8091, 30_091));
  const said = await says('port 30090', /ok +node port 0\.0\.0\.0:30090 +leads to \S+:80\n/);
  assert.match(said, /ok +rule +table inet gantry_\w+, node_ports: tcp \. 30090 → goto svc_\w+\n/);
  assert.match(said, /ok +\S+:80 +pod default\/serving is running\nok +bridge gtp\w+ +is up, [^\n]*\nok +inside +httpd \(process \d+\) listens on/);
  assert.match(await says('port 8090', /ok +cluster ip \S+:8090 +leads to/), /services: \S+ \. tcp \. 8090 → goto svc_/);
  assert.match(await says('port 8091', /STOP +cluster ip \S+:8091/), /the Service has no ready Pod/);
  assert.match(await why('pod serving'), /^ok +phase +pod default\/serving is Running\nok +scheduling +it stands on node \S+\nok +container main +runs\n$/);
});
