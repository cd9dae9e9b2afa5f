import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { kinds } from '#library';
import { startCluster, type TestCluster } from '#testing';
import { type Outcome, run } from '../support/run.ts';

const gantryProgram = new URL('../../bin/gantry', import.meta.url).pathname;
let folder: string;
let cluster: TestCluster;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gantry-why-'));
  cluster = await startCluster({ nodes: 2, images: (name) => (name === 'nowhere' ? 'missing' : undefined) });
  await writeFile(join(folder, 'config'), await cluster.kubeconfig());
});
after(async () => {
  await cluster.stop();
  await rm(folder, { recursive: true, force: true });
});
const kubeconfig = () => join(folder, 'config');
const kubectl = (...words: string[]): Promise<Outcome> => run(['kubectl', '--kubeconfig', kubeconfig(), ...words]);
const gantry = (...words: string[]): Promise<Outcome> => run([gantryProgram, ...words, '--kubeconfig', kubeconfig()]);

interface Why {
  readonly kind: string;
  readonly apiVersion: string;
  readonly ok: boolean;
  readonly message?: string;
  readonly nodes?: readonly { readonly name: string; readonly reasons: readonly { readonly code: string; readonly values: Record<string, string> }[] }[];
  readonly findings: readonly { readonly ok: boolean; readonly code: string; readonly detail: string }[];
}
async function raw(name: string, ...more: string[]): Promise<Why> {
  const { stdout, stderr } = await kubectl('get', '--raw', `/api/v1/namespaces/default/pods/${name}/why`, ...more);
  assert.equal(stderr, '');
  return JSON.parse(stdout);
}
const conditionOf = async (name: string) =>
  (await cluster.client.resource(kinds.Pod).get(name, 'default')).status?.conditions?.find(({ type }) => type === 'PodScheduled');
const pod = (name: string, spec: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name },
  spec: { containers: [{ name: 'main', image: 'app' }], ...spec },
});

test('a Pod that no node takes: each node with what is wanted and there, in the words of its condition', async () => {
  await kubectl('taint', 'node', 'node-1', 'gpu=none:NoSchedule');
  await cluster.apply([pod('big', { containers: [{ name: 'main', image: 'app', resources: { requests: { cpu: '4k' } } }] })]);
  await cluster.until('it to be looked at', async () => (await conditionOf('big'))?.status === 'False');
  const why = await raw('big');
  assert.deepEqual([why.apiVersion, why.kind, why.ok], ['gantry.dev/v1', 'PodWhy', false]);
  assert.equal(why.message, '0/2 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint(s).');
  assert.equal((await conditionOf('big'))?.message, why.message);
  assert.deepEqual(
    why.nodes?.map(({ name, reasons }) => [name, ...reasons.map(({ code }) => code)]),
    [
      ['node-0', 'InsufficientResource'],
      ['node-1', 'UntoleratedTaint', 'InsufficientResource'],
    ],
  );
  assert.equal(why.nodes?.[0]?.reasons[0]?.values.requested, '4000');
  const said = await gantry('why', 'pod', 'big');
  assert.equal(said.status, 1);
  for (const { detail } of why.findings) assert.ok(said.stdout.includes(detail), detail);
  assert.match(said.stdout, /→ Take the taint off \("kubectl taint node node-1 gpu:NoSchedule-"\)/);
  const json = JSON.parse((await gantry('why', 'pod', 'big', '-o', 'json')).stdout);
  assert.deepEqual([json.findings, json.facts.nodes], [why.findings, why.nodes]);
  await kubectl('taint', 'node', 'node-1', 'gpu:NoSchedule-');
});

test('what holds a Pod besides nodes: gates, things that are not there, images; and one that runs', async () => {
  const volumes = [
    { name: 'data', persistentVolumeClaim: { claimName: 'none' } },
    { name: 'settings', configMap: { name: 'lost', optional: true } },
  ];
  await cluster.apply([
    pod('gated', { schedulingGates: [{ name: 'example.com/wait' }] }),
    pod('lacking', { volumes, containers: [{ name: 'main', image: 'app', envFrom: [{ secretRef: { name: 'key' } }] }] }),
    pod('pictureless', { containers: [{ name: 'main', image: 'nowhere' }] }),
    pod('well'),
  ]);
  const phase = async (name: string) => (await cluster.client.resource(kinds.Pod).get(name, 'default')).status;
  await cluster.until('the Pod to run', async () => (await phase('well'))?.phase === 'Running');
  await cluster.until(
    'the image to be missed',
    async () => (await phase('pictureless'))?.containerStatuses?.[0]?.state?.waiting?.reason === 'ImagePullBackOff',
  );
  const codes = async (name: string) => (await raw(name)).findings.filter(({ ok }) => !ok).map(({ code }) => code);
  assert.deepEqual(await codes('gated'), ['Pending', 'SchedulingGated']);
  assert.deepEqual((await codes('lacking')).slice(0, 3), ['Pending', 'MissingPersistentVolumeClaim', 'MissingSecret']);
  assert.deepEqual(await codes('pictureless'), ['Pending', 'ImagePullBackOff']);
  const well = await raw('well');
  assert.deepEqual([well.ok, well.nodes, well.message], [true, undefined, undefined]);
  assert.equal((await gantry('why', 'pod', 'well')).status, 0);
});

test('a Pod that is gone: its last word, and where the rest is; one that never was', async () => {
  await cluster.apply([pod('brief')]);
  await cluster.until('it to run', async () => (await cluster.client.resource(kinds.Pod).get('brief', 'default')).status?.phase === 'Running');
  await kubectl('delete', 'pod', 'brief', '--now');
  const gone = await kubectl('get', '--raw', '/api/v1/namespaces/default/pods/brief/why');
  assert.match(
    gone.stderr,
    /\(NotFound\): pods "brief" not found any more: it was there, and the last that was said of it, at \S+Z, is "Killing: .*gantry diff --from/,
  );
  assert.match((await gantry('why', 'pod', 'brief')).stderr, /not found any more/);
  assert.match((await kubectl('get', '--raw', '/api/v1/namespaces/default/pods/never/why')).stderr, /pods "never" not found$/m);
});

test('who may view may ask, who may not is refused; it is read only, and discovery tells of it', async () => {
  await kubectl('create', 'rolebinding', 'viewers', '--clusterrole=view', '--user=vera');
  await cluster.apply([pod('seen')]);
  const can = await kubectl('auth', 'can-i', 'get', 'pods', '--subresource=why', '--as=vera');
  assert.equal(can.stdout.trim(), 'yes', can.stderr);
  assert.equal((await raw('seen', '--as=vera')).kind, 'PodWhy');
  const refused = await kubectl('get', '--raw', '/api/v1/namespaces/default/pods/seen/why', '--as=nobody');
  assert.match(refused.stderr, /User "nobody" cannot get resource "pods\/why" in API group ""/);
  const written = await kubectl('delete', '--raw', '/api/v1/namespaces/default/pods/seen/why');
  assert.match(written.stderr, /MethodNotAllowed|not supported|does not allow this method/);
  const { stdout } = await kubectl('get', '--raw', '/api/v1');
  assert.deepEqual(
    JSON.parse(stdout).resources.find(({ name }: { name: string }) => name === 'pods/why'),
    { name: 'pods/why', singularName: '', namespaced: true, group: 'gantry.dev', version: 'v1', kind: 'PodWhy', verbs: ['get'] },
  );
});
