import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, test } from 'node:test';
import { systemClock } from '#kit';
import { startTestCluster } from '../support/cluster.ts';
import { seeded } from '../support/seeded.ts';

/** How often each client is killed: a sample, or with GANTRY_SOAK_KILLS as many times as that says. */
const ROUNDS = Number(process.env.GANTRY_SOAK_KILLS ?? 6);
const SEED = Number(process.env.GANTRY_SEED ?? 1);
const LONGEST_LIFE_MS = 400;
const POD = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web' },
  spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'main', image: 'myregistry/myimage:1.0', stdin: true }] },
};
const CLIENTS = [
  ['exec', 'web', '--', 'sh', '-c', 'while :; do echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaa; done'],
  ['exec', '-i', 'web', '--', 'cat'],
  ['exec', '-it', 'web', '--', 'sh'],
  ['logs', '-f', 'web'],
  ['attach', 'web', '-i'],
  ['port-forward', 'pod/web', '18080:80'],
  ['get', 'pods', '-w'],
  ['cp', '/bin/busybox', 'web:/tmp/x'],
];

const cluster = await startTestCluster();
after(() => cluster[Symbol.asyncDispose]());

test('clients that are killed in the middle of exec, attach, logs, port-forward and watch do no harm', async () => {
  const { daemon, kubectl } = cluster;
  const random = seeded(SEED);
  await cluster.apply(POD);
  await kubectl('wait --for=condition=Ready pod/web --timeout=20s');
  const live = async (words: readonly string[]) => {
    const child = daemon.spawn(['kubectl', ...words]);
    const ended = once(child, 'close');
    child.stdout.resume();
    child.stderr.resume();
    // What is typed when nobody reads any more is lost, as at any terminal.
    child.stdin.on('error', () => child.stdin.destroy()).write('echo typed\n');
    await systemClock.sleep(random() * LONGEST_LIFE_MS);
    child.kill('SIGKILL');
    await ended;
  };
  const { pid } = daemon;
  for (let round = 0; round < ROUNDS; round += 1) await Promise.all(CLIENTS.map(live));
  assert.equal(daemon.pid, pid);
  assert.equal(await kubectl('exec web -- echo well'), 'well\n');
});
