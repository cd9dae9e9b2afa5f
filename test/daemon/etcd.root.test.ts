import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { etcdMissing } from '../../src/cluster/store/etcd/etcd.testing.ts';
import { MAIN, startTestDaemon, type TestDaemon } from '../support/daemon.ts';
import { eventually } from '../support/eventually.ts';
import { output } from '../support/run.ts';

// One etcd, and two daemons with the whole control plane over it, in one network namespace.
const skip = etcdMissing();
const skipping = skip === undefined ? {} : { skip };
const PARTS = ['--parts', 'apiserver,controllers,scheduler', '--etcd-servers', 'http://127.0.0.1:2379'];
let etcd: number | undefined;
const startEtcd = async (inside: TestDaemon['inside']) => {
  const line = 'folder=$(mktemp -d); { etcd --data-dir $folder/e --log-level error; rm -r $folder; } >/dev/null 2>&1 & echo $!';
  const shell = Number((await output(inside(['sh', '-c', line]))).trim());
  etcd = Number((await eventually('etcd to run', () => childOf(inside, shell), 5000)).trim());
};
async function childOf(inside: TestDaemon['inside'], pid: number): Promise<string | false> {
  const { stdout } = await inside(['pgrep', '-P', String(pid), '-x', 'etcd']);
  return stdout.trim() === '' ? false : stdout;
}
const first = skip === undefined ? await startTestDaemon(PARTS, startEtcd) : undefined;
const plane = () => first ?? assert.fail('there is no etcd');
const place = join(first?.folder ?? '', 'second');
const directories = ['--data-dir', join(place, 'data'), '--run-dir', join(place, 'run')];
const second = (...words: string[]) => output(plane().inside([process.execPath, '--no-warnings', MAIN, ...words, ...directories]));
const kubeconfigOfSecond = join(place, 'kubeconfig');
const up = () => second('up', '--detach', ...PARTS, '--api', '127.0.0.1:7443', '--kubeconfig', kubeconfigOfSecond);
const onFirst = (line: string) => output(plane().kubectl(line.split(' ')));
const onSecond = (line: string) => output(plane().kubectl([...line.split(' '), '--kubeconfig', kubeconfigOfSecond]));
const leader = async () => (await onFirst('get lease kube-controller-manager -n kube-system -o jsonpath={.spec.holderIdentity}')).trim();
after(async () => {
  if (first === undefined) return;
  await second('down', '--purge');
  await first[Symbol.asyncDispose]();
  if (etcd !== undefined) process.kill(etcd, 'SIGKILL');
});

test('two daemons on one etcd: what one is told the other one shows, and one of them leads', skipping, async () => {
  await eventually('a leader', async () => (await leader()) !== '', 10_000);
  const before = await leader();
  await up();
  await onFirst('create deployment web --image=busybox --replicas=2');
  await eventually(
    'the leader to make the Pods',
    async () => (await onSecond('get pods -o name')).split('\n').filter((line) => line !== '').length === 2,
    10_000,
  );
  const versions = await Promise.all([onFirst, onSecond].map((ask) => ask('get deployment web -o jsonpath={.metadata.uid}')));
  assert.equal(versions[0], versions[1]);
  assert.equal(await leader(), before);
});

test('when the leader ends the other one leads: soon at a clean stop', skipping, async () => {
  const before = await leader();
  await output(plane().inside(['kill', '-TERM', String(plane().pid)]));
  const now = () => onSecond('get lease kube-controller-manager -n kube-system -o jsonpath={.spec.holderIdentity}');
  await eventually('another leader', async () => !['', before].includes((await now()).trim()), 10_000);
  await onSecond('scale deployment web --replicas=3');
  await eventually('the other leader to make a Pod', async () => (await onSecond('get pods -o name')).trim().split('\n').length === 3, 10_000);
  await plane().restart();
});

test('a leader that is killed is replaced when its lease has ended', skipping, async () => {
  const { stdout } = await plane().inside(['sh', '-c', `readlink ${join(place, 'data', 'daemon.lock')}`]);
  // The lock's record.
  const { pid } = JSON.parse(stdout) as { pid: number };
  const before = await leader();
  await output(plane().inside(['kill', '-KILL', String(pid)]));
  await eventually('another leader', async () => !['', before].includes(await leader()), 25_000);
  await onFirst('scale deployment web --replicas=4');
  await eventually('the new leader to make a Pod', async () => (await onFirst('get pods -o name')).trim().split('\n').length === 4, 10_000);
});

test('what does not go together is refused by name', skipping, async () => {
  const refused = async (words: RegExp, ...options: string[]) => {
    const { status, stderr } = await plane().inside([process.execPath, '--no-warnings', MAIN, 'up', '--data-dir', join(place, 'x'), ...options]);
    assert.equal(status, 1);
    assert.match(stderr, words);
  };
  await refused(/Cannot take --etcd-cafile without an etcd: add --etcd-servers/, '--etcd-cafile', '/x');
  await refused(/Cannot take "etcd:2379" for --etcd-servers: it must be URLs/, '--etcd-servers', 'etcd:2379');
  await refused(/Cannot take --etcd-servers without an API server/, '--parts', 'registry', '--etcd-servers', 'http://127.0.0.1:2379');
});
