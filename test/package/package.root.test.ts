import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { busyboxTar } from '../support/busybox.ts';
import { openNamespaces } from '../support/namespaces.ts';
import { output, run } from '../support/run.ts';

const checkout = new URL('../..', import.meta.url).pathname;
const folder = await mkdtemp(join(tmpdir(), 'gantry-package-'));
const home = join(folder, 'installed');
const gantry = join(home, 'node_modules/.bin/gantry');
// The machine's own Node.js first, as it is for whoever installs the package: no folder that npm or this test's runner added.
const path = (process.env.PATH ?? '').split(':').filter((entry) => !entry.includes('/node_modules/'));
const environment = {
  ...process.env,
  PATH: path.join(':'),
  HOME: home,
  KUBECONFIG: join(folder, 'kubeconfig'),
  DOCKER_CONFIG: join(folder, 'docker'),
  DOCKER_HOST: `unix://${join(folder, 'run', 'docker.sock')}`,
  NODE_COMPILE_CACHE: undefined,
};
// npm's own cache, so that what `npm ci` fetched is not fetched again.
const npm = { ...environment, HOME: process.env.HOME };
const namespaces = await openNamespaces();
after(async () => {
  await namespaces[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const directories = ['--data-dir', join(folder, 'data'), '--run-dir', join(folder, 'run')];
const inside = (...command: string[]) => output(run(namespaces.enter(command), { environment, folder: home }));

test('the package has the bundle and what it needs, and no sources or tests', async () => {
  await output(run(['npm', 'pack', '--pack-destination', folder], { environment: npm, folder: checkout }));
  const archive = (await readdir(folder)).find((name) => name.endsWith('.tgz')) ?? '';
  const names = (await output(run(['tar', '-tzf', join(folder, archive)]))).trim().split('\n');
  const foreign = names.filter((name) => !/^package\/(?:bin\/(?:gantry|launcher\.cjs)|dist\/.+|package\.json|LICENSE|README\.md|CHANGELOG\.md)$/.test(name));
  assert.deepEqual(foreign, []);
  assert.deepEqual(
    names.filter((name) => /(?<!\.d)\.ts$|\.test\.|\.map$/.test(name)),
    [],
  );
  for (const needed of [
    'bin/gantry',
    'bin/launcher.cjs',
    'dist/cli/main.js',
    'dist/library/index.js',
    'dist/testing/index.js',
    'dist/types/testing/index.d.ts',
    'LICENSE',
    'README.md',
    'CHANGELOG.md',
  ]) {
    assert.ok(names.includes(`package/${needed}`), needed);
  }
});

test('installed in an empty folder it tells its version', async () => {
  await mkdir(home);
  const archive = (await readdir(folder)).find((name) => name.endsWith('.tgz')) ?? '';
  await output(run(['npm', 'install', join(folder, archive), '--prefer-offline', '--no-audit', '--no-fund'], { environment: npm, folder: home }));
  assert.match(await inside(gantry, 'version'), /^gantry \d+\.\d+\.\d+\n$/);
});

test('a program imports it by its name, types and all', async () => {
  const program = `import { createInformer, kinds } from 'gantry';
import { startCluster } from 'gantry/testing';
await using cluster = await startCluster({ nodes: 2 });
const deployments = cluster.client.resource(kinds.Deployment);
await cluster.apply('{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {replicas: 3, selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: main, image: web}]}}}}');
await cluster.until('three Pods', async () => (await deployments.get('web', 'default')).status?.availableReplicas === 3);
const informer = createInformer(cluster.client, kinds.Pod);
await informer.start();
console.log(informer.list('default').length);
await informer.stop();
`;
  await writeFile(join(home, 'program.mts'), program);
  await writeFile(join(home, 'wrong.mts'), `${program}void (await deployments.get('web', 'default')).spec?.replicaz;\n`);
  assert.equal(await inside(process.execPath, '--no-warnings', join(home, 'program.mts')), '3\n');
  const compiled = (file: string) =>
    run(
      [
        join(checkout, 'node_modules/.bin/tsc'),
        '--noEmit',
        '--module',
        'nodenext',
        '--target',
        'es2024',
        '--lib',
        'es2024,esnext.disposable',
        '--strict',
        '--types',
        'node',
        '--typeRoots',
        join(checkout, 'node_modules/@types'),
        file,
      ],
      { folder: home },
    );
  assert.deepEqual(await compiled('program.mts'), { status: 0, stdout: '', stderr: '' });
  assert.match((await compiled('wrong.mts')).stdout, /^wrong\.mts\(\d+,\d+\): error TS2551: Property 'replicaz' does not exist on type 'V1DeploymentSpec'/);
});

test('its worker thread works on layers', async () => {
  const file = join(folder, 'layer');
  await writeFile(file, Buffer.alloc(2 * 1024 * 1024));
  const worker = new Worker(join(home, 'node_modules/gantry/dist/rooms/worker.js'));
  try {
    worker.postMessage({ id: 1, job: { kind: 'hash', path: file, algorithm: 'sha256' } });
    const [reply] = await once(worker, 'message');
    assert.deepEqual(reply, { id: 1, answer: { digest: 'sha256:5647f05ec18958947d32874eeb788fa396a05d0bab7c1b71f112ceb7e9b31eee' } });
  } finally {
    await worker.terminate();
  }
});

test('the installed program starts, serves a cluster, and leaves nothing', async () => {
  const parts = ['--parts', 'engine,registry,apiserver,controllers,scheduler'];
  try {
    assert.match(
      await inside(gantry, 'up', '--detach', ...directories, ...parts),
      /^up in \d+\.\d\d s: docker unix:.+, registry 127\.0\.0\.1:5000, kubeconfig /,
    );
    // It reports the parts, each asked how it is, and answers with what it reads from the files beside its chunks.
    const { ready, parts: found } = JSON.parse(await inside(gantry, 'status', '-o', 'json', ...directories)) as { ready: boolean; parts: object };
    assert.deepEqual([ready, Object.keys(found).sort()], [true, ['apiserver', 'controllers', 'engine', 'registry', 'scheduler']]);
    assert.match(await inside('kubectl', 'get', 'ns'), /^default +Active/m);
    assert.match(await inside('kubectl', 'explain', 'pod.spec.nodeName'), /FIELD: nodeName <string>/);
    assert.match(await inside('kubectl', 'create', 'configmap', 'greeting', '--from-literal=word=hello'), /configmap\/greeting created/);
    const docker = (words: string[], input?: Uint8Array) =>
      output(run(namespaces.enter(['docker', ...words]), { environment, folder: home, ...(input === undefined ? {} : { input }) }));
    // More than a worker thread is started for.
    const archive = busyboxTar();
    assert.ok(archive.length > 1024 * 1024);
    assert.match(await docker(['import', '-', 'busybox'], archive), /^sha256:/);
    assert.equal(await docker(['run', '--rm', 'busybox', 'echo', 'hello']), 'hello\n');
    assert.equal(await inside(gantry, 'run', '--rm', 'busybox', 'echo', 'hello'), 'hello\n');
    assert.match(await inside(gantry, 'get', 'namespaces'), /^default +Active/m);
  } finally {
    await inside(gantry, 'down', '--purge', ...directories);
  }
  assert.deepEqual(
    (await readdir(folder)).sort().filter((name) => ['data', 'run'].includes(name)),
    [],
  );
});
