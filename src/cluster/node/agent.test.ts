import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import type { V1Pod } from '#cluster/api';
import { CONFIG_MAPS, PODS } from '#cluster/client';
import { Rig } from './testing-rig.ts';

suite('a Pod from binding to end', () => {
  test('it becomes Ready, with an address and the words of Kubernetes', async () => {
    await using rig = await Rig.make();
    await rig.createPod('web');
    const { status } = rig.pod('web');
    assert.equal(status?.phase, 'Running');
    assert.equal(rig.condition('web', 'Ready'), 'True');
    assert.equal(status?.podIP, '127.88.0.2');
    assert.equal(status?.hostIP, '192.0.2.1');
    assert.match(status?.containerStatuses?.[0]?.containerID ?? '', /^gantry:\/\/run-0$/);
    assert.deepEqual(rig.events(), [
      'Pulled: Container image "app:1" already present on machine',
      'Created: Created container: main',
      'Started: Started container main',
    ]);
  });

  test('a killed process runs again at once, then after 10 s, then after 20 s', async () => {
    await using rig = await Rig.make();
    await rig.createPod('web');
    rig.runtime.exit(rig.runtime.newest('main').id, 137);
    await rig.settle();
    assert.equal(rig.runtime.newest('main').attempt, 1);
    assert.equal(rig.condition('web', 'Ready'), 'True');
    assert.equal(rig.pod('web').status?.containerStatuses?.[0]?.lastState?.terminated?.exitCode, 137);
    for (const [attempt, wait_ms] of [
      [2, 10_000],
      [3, 20_000],
    ] as const) {
      rig.runtime.exit(rig.runtime.newest('main').id, 1);
      await rig.pass(wait_ms - 100);
      assert.equal(rig.runtime.newest('main').attempt, attempt - 1);
      assert.equal(rig.pod('web').status?.containerStatuses?.[0]?.state?.waiting?.reason, 'CrashLoopBackOff');
      await rig.pass(200);
      assert.equal(rig.runtime.newest('main').attempt, attempt);
    }
    const runs = await rig.runtime.listContainers();
    assert.deepEqual(runs.map(({ attempt }) => attempt).sort(), [2, 3]);
  });

  test('it leaves its Services before it is told to stop, and then the API', async () => {
    const left = Promise.withResolvers<void>();
    await using rig = await Rig.make({ drained: () => left.promise });
    await rig.createPod('web');
    rig.cluster.markDeleted('web', 30, rig.clock.now());
    await rig.settle();
    assert.ok(!rig.runtime.calls.some((call) => call.startsWith('stop')));
    left.resolve();
    await rig.pass(150);
    assert.ok(rig.runtime.calls.includes('stop main/0 30'), rig.runtime.calls.join());
    assert.equal(rig.findPod('web'), undefined);
    assert.equal(rig.network.pods.size, 0);
    assert.deepEqual(await rig.runtime.listContainers(), []);
    assert.equal(rig.agent.health().pods, 0);
  });

  test('connections that are served get up to a second', async () => {
    for (const [last_ms, more_ms] of [
      [300, 420],
      [5000, 1120],
    ] as const) {
      await using rig = await Rig.make({ drained: () => Promise.resolve() });
      await rig.createPod('web');
      const uid = rig.pod('web').metadata.uid ?? '';
      rig.network.served.set(uid, 1);
      rig.cluster.markDeleted('web', 30, rig.clock.now());
      await rig.pass(100 + Math.min(last_ms, 900));
      assert.ok(!rig.runtime.calls.some((call) => call.startsWith('stop')), rig.runtime.calls.join());
      if (last_ms < 1000) rig.network.served.delete(uid);
      await rig.pass(more_ms);
      assert.ok(
        rig.runtime.calls.some((call) => call.startsWith('stop')),
        rig.runtime.calls.join(),
      );
    }
  });

  test('a drain that never ends is waited for 2 s', async () => {
    await using rig = await Rig.make({ drained: () => new Promise<void>(() => undefined) });
    await rig.createPod('web');
    rig.cluster.markDeleted('web', 30, rig.clock.now());
    await rig.pass(1900);
    assert.ok(!rig.runtime.calls.some((call) => call.startsWith('stop')));
    await rig.pass(200);
    assert.equal(rig.findPod('web'), undefined);
  });
});

suite('what goes wrong', () => {
  test('an image that nobody has is tried again after 10 s', async () => {
    await using rig = await Rig.make();
    rig.runtime.missingImages.add('app:1');
    await rig.createPod('web');
    const waiting = () => rig.pod('web').status?.containerStatuses?.[0]?.state?.waiting?.reason;
    assert.equal(waiting(), 'ErrImagePull');
    await rig.pass(2000);
    assert.equal(waiting(), 'ImagePullBackOff');
    assert.equal(rig.pod('web').status?.phase, 'Pending');
    rig.runtime.missingImages.clear();
    await rig.pass(9000);
    assert.equal(rig.condition('web', 'Ready'), 'True');
  });

  test('a missing ConfigMap is named, and waited for', async () => {
    await using rig = await Rig.make();
    await rig.createPod('web', { env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'settings', key: 'a' } } }] });
    const waiting = rig.pod('web').status?.containerStatuses?.[0]?.state?.waiting;
    assert.deepEqual(waiting, { reason: 'CreateContainerConfigError', message: 'configmap "settings" not found' });
    await rig.cluster
      .resource(CONFIG_MAPS)
      .create({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings', namespace: 'default' }, ...{ data: { a: '1' } } });
    await rig.pass(1000);
    assert.ok(rig.runtime.specs.get(rig.runtime.newest('main').id)?.environment.includes('A=1'));
  });

  test('a field that is not supported is named, and the Pod is not started', async () => {
    await using rig = await Rig.make();
    await rig.createPod('web', {}, { hostPID: true });
    assert.match(rig.pod('web').status?.containerStatuses?.[0]?.state?.waiting?.message ?? '', /spec\.hostPID/);
    assert.ok(rig.events().some((event) => event.includes('spec.hostPID')));
    assert.deepEqual(await rig.runtime.listContainers(), []);
  });

  test('a container that is added to look into a Pod runs once, and the Pod is what it was', async () => {
    await using rig = await Rig.make();
    await rig.createPod('web');
    const added = { name: 'debug', image: 'app:1', stdin: true, tty: true, targetContainerName: 'main' };
    const { metadata, spec } = rig.pod('web');
    await rig.cluster.resource<V1Pod>(PODS).patch('web', metadata.namespace, 'merge', { spec: { ...spec, ephemeralContainers: [added] } });
    await rig.settle();
    const status = () => rig.pod('web').status?.ephemeralContainerStatuses?.[0];
    assert.ok(status()?.state?.running);
    assert.deepEqual([status()?.ready, status()?.started, rig.condition('web', 'Ready'), rig.pod('web').status?.phase], [false, false, 'True', 'Running']);
    assert.equal(rig.runtime.specs.get(rig.runtime.newest('debug').id)?.terminal, true);
    assert.ok(rig.events().some((event) => event.includes('targetContainerName: the processes of another container are not shown')));
    rig.runtime.exit(rig.runtime.newest('debug').id, 3);
    await rig.pass(60_000);
    assert.deepEqual([status()?.state?.terminated?.exitCode, rig.runtime.newest('debug').attempt, rig.pod('web').status?.phase], [3, 0, 'Running']);
    rig.cluster.markDeleted('web', 1, rig.clock.now());
    await rig.pass(2000);
    assert.deepEqual(await rig.runtime.listContainers(), []);
  });

  test('a process that can’t start fails a Pod that is never restarted', async () => {
    await using rig = await Rig.make();
    rig.runtime.unstartable.set('main', 'exec: "nope": not found');
    await rig.createPod('web', {}, { restartPolicy: 'Never' });
    assert.equal(rig.pod('web').status?.phase, 'Failed');
    assert.equal(rig.pod('web').status?.containerStatuses?.[0]?.state?.terminated?.message, 'exec: "nope": not found');
  });
});

suite('probes', () => {
  test('a readiness probe decides whether the Pod is Ready; a liveness probe whether it goes on', async () => {
    await using rig = await Rig.make();
    let [ready, alive] = [false, true];
    rig.runtime.exitCodes = (_container, [word]) => (word === 'ready' ? Number(!ready) : Number(!alive));
    const readinessProbe = { exec: { command: ['ready'] }, periodSeconds: 1, failureThreshold: 2 };
    const livenessProbe = { exec: { command: ['alive'] }, periodSeconds: 1, failureThreshold: 3 };
    await rig.createPod('web', { readinessProbe, livenessProbe });
    await rig.pass(3000);
    assert.equal(rig.condition('web', 'Ready'), 'False');
    ready = true;
    await rig.pass(1100);
    assert.equal(rig.condition('web', 'Ready'), 'True');
    ready = false;
    await rig.pass(2100);
    assert.equal(rig.condition('web', 'Ready'), 'False');
    alive = false;
    await rig.pass(4000);
    assert.equal(rig.runtime.newest('main').attempt, 1);
    assert.ok(rig.events().includes('Killing: Container main failed liveness probe, will be restarted'));
  });

  test('nothing else is probed before the startup probe succeeded', async () => {
    await using rig = await Rig.make();
    let up = false;
    rig.runtime.exitCodes = () => Number(!up);
    await rig.createPod('web', {
      startupProbe: { exec: { command: ['up'] }, periodSeconds: 1, failureThreshold: 30 },
      livenessProbe: { exec: { command: ['alive'] }, failureThreshold: 1 },
    });
    await rig.pass(5000);
    assert.equal(rig.pod('web').status?.containerStatuses?.[0]?.started, false);
    assert.ok(!rig.runtime.calls.includes('exec main alive'));
    up = true;
    await rig.pass(1500);
    assert.equal(rig.condition('web', 'Ready'), 'True');
    assert.ok(rig.runtime.calls.includes('exec main alive'));
  });
});

suite('order', () => {
  test('init containers run one after the other, then the others', async () => {
    await using rig = await Rig.make();
    const init = (name: string) => ({ name, image: 'tool:1' });
    await rig.createPod('web', {}, { initContainers: [init('first'), init('second')] });
    assert.equal(rig.runtime.newest('first').state.status, 'running');
    assert.equal(rig.pod('web').status?.phase, 'Pending');
    assert.equal(rig.pod('web').status?.containerStatuses?.[0]?.state?.waiting?.reason, 'PodInitializing');
    rig.runtime.exit(rig.runtime.newest('first').id, 0);
    await rig.settle();
    rig.runtime.exit(rig.runtime.newest('second').id, 0);
    await rig.settle();
    assert.equal(rig.condition('web', 'Ready'), 'True');
    assert.equal(rig.condition('web', 'Initialized'), 'True');
  });

  test('a job’s Pod succeeds; its helper ends with it', async () => {
    await using rig = await Rig.make();
    await rig.createPod('job', {}, { restartPolicy: 'Never', initContainers: [{ name: 'helper', image: 'tool:1', restartPolicy: 'Always' }] });
    rig.runtime.exit(rig.runtime.newest('main').id, 0);
    await rig.settle();
    assert.equal(rig.pod('job').status?.phase, 'Succeeded');
    assert.equal(rig.runtime.newest('helper').state.status, 'exited');
    assert.equal(rig.network.pods.size, 0);
  });
});

suite('a new agent on what an old one left', () => {
  test('nothing that runs is restarted, and readiness holds until a probe says otherwise', async () => {
    await using rig = await Rig.make();
    await rig.createPod('web', { readinessProbe: { exec: { command: ['ready'] }, initialDelaySeconds: 5 } });
    await rig.pass(6000);
    const before = rig.pod('web');
    await rig.startAgent();
    assert.equal(rig.runtime.newest('main').attempt, 0);
    assert.deepEqual(rig.pod('web').status, before.status);
  });

  test('what belongs to no Pod any more is removed', async () => {
    await using rig = await Rig.make();
    await rig.createPod('web');
    await rig.agent.stop();
    await rig.cluster.resource({ group: '', version: 'v1', resource: 'pods' }).delete('web', 'default');
    await rig.startAgent();
    assert.deepEqual(await rig.runtime.listContainers(), []);
    assert.equal(rig.network.pods.size, 0);
  });
});

suite('what a container finds', () => {
  test('volumes, hosts and resolv.conf', async () => {
    await using rig = await Rig.make();
    await rig.cluster
      .resource(CONFIG_MAPS)
      .create({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings', namespace: 'default' }, ...{ data: { 'a.txt': 'one' } } });
    await rig.createPod('web', { volumeMounts: [{ name: 'conf', mountPath: '/conf' }] }, { volumes: [{ name: 'conf', configMap: { name: 'settings' } }] });
    const spec = rig.runtime.specs.get(rig.runtime.newest('main').id);
    const mount = spec?.mounts.find(({ target }) => target === '/conf');
    const text = () => readFile(join(mount?.source ?? '', 'a.txt'), 'utf8');
    assert.equal(await text(), 'one');
    assert.match(await readFile(spec?.hosts ?? '', 'utf8'), /127\.88\.0\.2\tweb\n/);
    assert.match(
      await readFile(spec?.resolvConf ?? '', 'utf8'),
      /^search default\.svc\.cluster\.local svc\.cluster\.local cluster\.local.*\nnameserver 10\.96\.0\.10\noptions ndots:5\n$/,
    );
    await rig.cluster.resource(CONFIG_MAPS).patch('settings', 'default', 'merge', { data: { 'a.txt': 'two' } });
    await rig.settle();
    assert.equal(await text(), 'two');
  });

  test('the token of its account, which is renewed before its time is up', async () => {
    await using rig = await Rig.make();
    const sources = [{ serviceAccountToken: { path: 'token', expirationSeconds: 1000 } }];
    await rig.createPod('web', { volumeMounts: [{ name: 'access', mountPath: '/access' }] }, { volumes: [{ name: 'access', projected: { sources } }] });
    const mount = rig.runtime.specs.get(rig.runtime.newest('main').id)?.mounts.find(({ target }) => target === '/access');
    const text = () => readFile(join(mount?.source ?? '', 'token'), 'utf8');
    assert.equal(await text(), 'token-1');
    await rig.pass(799_000);
    assert.equal(await text(), 'token-1');
    await rig.pass(2000);
    assert.equal(await text(), 'token-2');
    await rig.pass(801_000);
    assert.equal(await text(), 'token-3');
  });

  test('logs, also of the run before, and usage', async () => {
    await using rig = await Rig.make();
    await rig.createPod('web');
    const target = { namespace: 'default', name: 'web', uid: 'uid-web', container: 'main' };
    const read = async (previous: boolean) => {
      let text = '';
      for await (const { content } of await rig.agent.connection.logs(target, { previous })) text += Buffer.from(content).toString();
      return text;
    };
    await assert.rejects(read(true), /previous terminated container "main" in pod "web" not found/);
    rig.runtime.exit(rig.runtime.newest('main').id, 1);
    await rig.settle();
    assert.equal(await read(false), 'main/1\n');
    assert.equal(await read(true), 'main/0\n');
    const asked = rig.agent.connection.stats();
    await rig.pass(1000);
    const { pods } = await asked;
    assert.deepEqual(pods, [{ namespace: 'default', name: 'web', containers: [{ name: 'main', cpu_nanocores: 500_000_000, memory_bytes: 1 << 20 }] }]);
  });
});
