import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startTestCluster } from '../support/cluster.ts';
import { eventually } from '../support/eventually.ts';

const cluster = await startTestCluster();
after(() => cluster[Symbol.asyncDispose]());
const { kubectl, apply, field } = cluster;

const FOREVER = ['sh', '-c', 'trap "exit 0" TERM; while :; do sleep 1 & wait $!; done'];
const both = (cpu: string, memory: string) => ({ requests: { cpu, memory }, limits: { cpu, memory } });
const pod = (name: string, container: object) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name },
  spec: { terminationGracePeriodSeconds: 1, containers: [{ name: 'main', image: 'busybox', imagePullPolicy: 'IfNotPresent', command: FOREVER, ...container }] },
});
const resize = (name: string, resources: object) =>
  cluster.try(['patch', 'pod', name, '--subresource', 'resize', '--patch', JSON.stringify({ spec: { containers: [{ name: 'main', resources }] } })]);
/** What the kernel says of the container's group, by either version of cgroups. */
const LOOK =
  'cd /sys/fs/cgroup; if [ -e memory.max ]; then cat memory.max cpu.max; else cat memory/memory.limit_in_bytes cpu/cpu.cfs_quota_us cpu/cpu.shares; fi';
const kernel = async (name: string) => (await cluster.try(['exec', name, '--', 'sh', '-c', LOOK])).stdout.split('\n').filter((line) => line !== '');
const until = (name: string, path: string, value: string) =>
  eventually(`${name} ${path} to be ${value}`, async () => (await field(`pod/${name}`, path)) === value || undefined);
const STATUS = '.status.containerStatuses[0]';

test('the kernel has what kubectl asked for, and the process goes on', async () => {
  await apply(pod('web', { resources: both('100m', '32Mi') }));
  await kubectl('wait pod/web --for=condition=Ready --timeout=20s');
  const [memory, quota, shares] = await kernel('web');
  assert.deepEqual([memory, quota?.split(' ')[0]], [String(32 * 2 ** 20), '10000']);
  const { stdout, stderr } = await resize('web', both('300m', '64Mi'));
  assert.match(stdout, /patched/);
  assert.doesNotMatch(stderr, /[Ww]arning/);
  await until('web', `${STATUS}.resources.limits.memory`, '64Mi');
  const now = await kernel('web');
  assert.deepEqual([now[0], now[1]?.split(' ')[0]], [String(64 * 2 ** 20), '30000']);
  if (shares !== undefined) assert.deepEqual([shares, now[2]], ['102', '307']);
  await resize('web', both('200m', '40Mi'));
  await until('web', `${STATUS}.allocatedResources.memory`, '40Mi');
  await until('web', `${STATUS}.resources.limits.cpu`, '200m');
  const less = await kernel('web');
  assert.deepEqual([less[0], less[1]?.split(' ')[0]], [String(40 * 2 ** 20), '20000']);
  assert.equal(await field('pod/web', `${STATUS}.restartCount`), '0');
  assert.equal(await field('pod/web', '.status.conditions[?(@.type=="PodResizeInProgress")].status'), '');
  assert.match(await kubectl('get events --field-selector reason=ResizeCompleted'), /pod\/web\s+Pod resize completed/);
});

test('below what is in use it is refused; more than the machine has is Infeasible; by policy it begins anew', async () => {
  const resizePolicy = [{ resourceName: 'memory', restartPolicy: 'RestartContainer' }];
  const full = { command: ['sh', '-c', `x=$(head -c 20000000 /dev/zero | tr '\\0' x); touch /full; trap "exit 0" TERM; while :; do sleep 1 & wait $!; done`] };
  await apply(pod('full', { ...full, resources: both('100m', '128Mi') }));
  await apply(pod('anew', { resources: both('100m', '32Mi'), resizePolicy }));
  await kubectl('wait pod/full pod/anew --for=condition=Ready --timeout=20s');
  const isFull = async () => (await cluster.try(['exec', 'full', '--', 'test', '-e', '/full'])).status === 0 || undefined;
  await eventually('it to be full', isFull);
  await resize('full', both('100m', '12Mi'));
  const progress = '.status.conditions[?(@.type=="PodResizeInProgress")]';
  await until('full', `${progress}.reason`, 'Error');
  assert.match(await field('pod/full', `${progress}.message`), /memory limit \(12582912\) below current usage \(\d+\)|memory\S*: Device or resource busy/);
  assert.deepEqual([(await kernel('full'))[0], await field('pod/full', `${STATUS}.resources.limits.memory`)], [String(128 * 2 ** 20), '128Mi']);
  await resize('full', both('4000', '128Mi'));
  await until('full', '.status.conditions[?(@.type=="PodResizePending")].reason', 'Infeasible');
  await resize('anew', both('100m', '48Mi'));
  await until('anew', `${STATUS}.restartCount`, '1');
  await kubectl('wait pod/anew --for=condition=Ready --timeout=20s');
  assert.equal((await kernel('anew'))[0], String(48 * 2 ** 20));
});
