import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { busyboxTar } from '../support/busybox.ts';
import { MAIN, startTestDaemon } from '../support/daemon.ts';
import { output } from '../support/run.ts';

// One daemon has the control plane, another beside it the node: two data dirs, two run dirs, one machine.
const plane = await startTestDaemon(['--parts', 'registry,apiserver,controllers,scheduler']);
const place = join(plane.folder, 'node');
const directories = ['--data-dir', join(place, 'data'), '--run-dir', join(place, 'run')];
const gantry = (...words: string[]) => plane.inside([process.execPath, '--no-warnings', MAIN, ...words, ...directories]);
after(async () => {
  await output(gantry('down', '--purge'));
  await plane[Symbol.asyncDispose]();
});
const kubectl = (line: string) => output(plane.kubectl(line.split(' ')));

test('a daemon without an API server of its own runs Pods for another one', async () => {
  const credentials = ['--server', 'https://127.0.0.1:6443', '--client-kubeconfig', join(plane.folder, 'kubeconfig')];
  await output(gantry('up', '--detach', '--parts', 'engine,network,node', ...credentials));
  const environment = { DOCKER_HOST: `unix://${join(place, 'run', 'docker.sock')}` };
  await output(plane.docker(['import', '-', 'busybox'], { input: busyboxTar(), environment }));
  await kubectl('run web --image=busybox --port=80 --expose -- httpd -f -p 80 -h /etc');
  await kubectl('wait --for=condition=Ready pod/web --timeout=20s');
  const address = await kubectl('get service web -o jsonpath={.spec.clusterIP}');
  assert.match(await output(plane.inside(['curl', '-sS', `http://${address}/passwd`])), /^root:/);
});

test('what only a node in the API server’s own process gives is refused in words', async () => {
  const outcome = await plane.kubectl(['logs', 'web']);
  assert.notEqual(outcome.status, 0);
  assert.match(outcome.stderr, /Cannot read logs: node ".*" is not connected to this API server/);
});

test('the node outlives a crash of the control plane, and follows it again', async () => {
  await plane.crash();
  await plane.restart();
  await kubectl('delete pod web --now --timeout=20s');
  await kubectl('run again --image=busybox -- sleep 600');
  await kubectl('wait --for=condition=Ready pod/again --timeout=20s');
});
