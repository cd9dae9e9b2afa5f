import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { output, run } from '../support/run.ts';

const checkout = new URL('../..', import.meta.url).pathname;
const folder = await mkdtemp(join(tmpdir(), 'gantry-testing-'));
after(() => rm(folder, { recursive: true, force: true }));
const environment = { ...process.env, TMPDIR: folder };
const gantry = (...words: string[]) => run([join(checkout, 'bin/gantry'), ...words], { environment, folder: checkout });

/** A program of the checkout, as a test of somebody else's would be one. */
async function program(text: string): Promise<{ readonly status: number; readonly stdout: string; readonly stderr: string }> {
  const file = join(checkout, 'test/testing', `program.${process.pid}.${Math.random().toString(36).slice(2)}.mjs`);
  await writeFile(file, text);
  try {
    return await run([join(checkout, 'bin/with-node'), file], { environment, folder: checkout });
  } finally {
    await rm(file);
  }
}

test('a cluster that was forgotten is named, and does not keep the process from ending', async () => {
  const { status, stderr } = await program(`
    import { startCluster } from 'gantry/testing';
    const cluster = await startCluster({ seed: 42 });
    await cluster.apply('{apiVersion: v1, kind: Pod, metadata: {name: app}, spec: {containers: [{name: main, image: app}]}}');
  `);
  assert.equal(status, 0);
  assert.match(stderr, /^gantry\/testing: the cluster with seed 42 was never stopped\. It was started at .*program\.[^:]+:3:\d+/);
});

test('whoever waits for a change is waited for', async () => {
  const { status, stdout, stderr } = await program(`
    import { kinds } from 'gantry';
    import { startCluster } from 'gantry/testing';
    await using cluster = await startCluster({ pods: () => ({ exits: { after_ms: 300, code: 0 } }) });
    await cluster.apply('{apiVersion: v1, kind: Pod, metadata: {name: job}, spec: {restartPolicy: Never, containers: [{name: main, image: app}]}}');
    for await (const { object } of cluster.client.resource(kinds.Pod).watch({ namespace: 'default' })) {
      if (object.status?.phase !== 'Succeeded') continue;
      console.log('done');
      break;
    }
  `);
  assert.deepEqual([status, stdout, stderr], [0, 'done\n', '']);
});

test('neither the engine nor a library of native code is loaded for it', async () => {
  const { stdout, stderr } = await program(`
    import { registerHooks } from 'node:module';
    const loaded = [];
    registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) });
    const { startCluster } = await import('gantry/testing');
    await (await startCluster()).stop();
    console.log(loaded.length > 50, loaded.filter((url) => /koffi|lmdb|\\/src\\/(engine|daemon|linux|image|network|registry|docker)\\//.test(url)).join());
  `);
  assert.equal(stdout, 'true \n', stderr);
});

test('gantry test-cluster runs a command with a kubeconfig of its own, and ends as it does', async () => {
  const script =
    'kubectl create deployment web --image=web --replicas=3 && kubectl rollout status deployment/web --timeout=20s && kubectl get nodes -o name && exit 3';
  const { status, stdout } = await gantry('test-cluster', '--nodes', '2', '--', 'sh', '-c', script);
  assert.equal(status, 3);
  assert.match(stdout, /deployment "web" successfully rolled out\nnode\/node-0\nnode\/node-1\n$/);
  assert.deepEqual(
    (await readdir(folder)).filter((name) => name.startsWith('gantry-test-cluster')),
    [],
  );
});

test('gantry test-cluster says what it lacks', async () => {
  assert.match(await output(gantry('test-cluster', '--help')), /^usage: gantry test-cluster \[--nodes N\]/);
  const [none, unknown] = [await gantry('test-cluster'), await gantry('test-cluster', '--', 'no-such-program')];
  assert.deepEqual([none.status, unknown.status], [2, 127]);
  assert.match(unknown.stderr, /^gantry: Cannot run no-such-program: spawn no-such-program ENOENT/);
});
