import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, suite, test } from 'node:test';
import { systemClock } from '#kit';
import { startTestCluster } from '../support/cluster.ts';
import { MYAPP } from '../support/manifests.ts';
import { eventually } from '../support/eventually.ts';
import { type Traces, tracesOf } from '../support/traces.ts';

/** How many kills: a sample, or with GANTRY_SOAK_KILLS as many as that says. */
const KILLS = Number(process.env.GANTRY_SOAK_KILLS ?? 8);
const SEED = Number(process.env.GANTRY_SEED ?? systemClock.now() % 1_000_000);

let clean: Omit<Traces, 'processes' | 'cgroups'> | undefined;
const cluster = await startTestCluster([], async (inside) => {
  clean = await tracesOf(inside, 'none', []);
});
after(() => cluster[Symbol.asyncDispose]());
const { kubectl, apply, field, shell, daemon } = cluster;

const [DEPLOYMENT = '', SERVICE = ''] = MYAPP.replace(
  '        ports:',
  '        readinessProbe: {httpGet: {path: /, port: 80}, periodSeconds: 1}\n        ports:',
).split('---');
const STATUS = '.status.containerStatuses[0]';
const podNames = async () => (await kubectl('get pods -l app=myapp -o jsonpath={.items[*].metadata.name}')).split(' ').filter(Boolean).sort();
const ready = () => kubectl('wait deployment/myapp --for=jsonpath={.status.readyReplicas}=3 --timeout=30s');
/** Of process 1 of the Pod's container, as the machine counts. */
const pidOf = async (pod: string) => {
  const id = (await field(`pod/${pod}`, `${STATUS}.containerID`)).replace(/^.*:\/\//, '');
  return (await readFile(`${daemon.folder}/run/containers/${id}/pidfile`, 'utf8')).trim();
};
/** Numbers in [0, 1) that a seed gives again (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

before(async () => {
  await apply(DEPLOYMENT);
  await apply(SERVICE);
  await ready();
});

suite('a container whose process is killed', () => {
  test('is started anew, Ready within half a second', async (t) => {
    await apply({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'victim' }, spec: { containers: [{ name: 'main', image: 'myregistry/myimage:1.0' }] } });
    await kubectl('wait pod/victim --for=condition=Ready --timeout=20s');
    const pid = await pidOf('victim');
    const columns = `custom-columns=R:${STATUS}.ready,N:${STATUS}.restartCount`;
    const watch = daemon.spawn(['kubectl', 'get', 'pod', 'victim', '--watch', '--no-headers', '-o', columns]);
    try {
      const [first, again] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      let said = '';
      watch.stdout.setEncoding('utf8').on('data', (text: string) => {
        said += text;
        if (/^true +0$/m.test(said)) first.resolve();
        if (/^true +1$/m.test(said)) again.resolve();
      });
      await first.promise;
      const began_ms = systemClock.monotonic();
      process.kill(Number(pid), 'SIGKILL');
      await again.promise;
      const took_ms = Math.round(systemClock.monotonic() - began_ms);
      t.diagnostic(`from the kill to Ready again, seen by kubectl get --watch: ${took_ms} ms`);
      assert.ok(took_ms <= 500, `${took_ms} ms`);
    } finally {
      watch.kill();
    }
    assert.equal(await field('pod/victim', `${STATUS}.lastState.terminated.exitCode`), '137');
  });

  test('that ends again and again: CrashLoopBackOff, and logs of the run before', async () => {
    await apply({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'crashing' },
      spec: { containers: [{ name: 'main', image: 'busybox', command: ['sh', '-c', 'echo run of $(cat /proc/sys/kernel/random/uuid); exit 3'] }] },
    });
    await eventually('CrashLoopBackOff', async () => /0\/1 +CrashLoopBackOff +1 /.test(await kubectl('get pod crashing --no-headers')));
    const [now, previous] = [await kubectl('logs crashing'), await kubectl('logs crashing --previous')];
    assert.match(now, /^run of /);
    assert.match(previous, /^run of /);
    assert.match(await kubectl('describe pod crashing'), /Last State: +Terminated\n +Reason: +Error\n +Exit Code: +3[^]*Back-off restarting failed container/);
    await kubectl('delete pod crashing victim --timeout=20s');
  });
});

suite('a Pod that is deleted', () => {
  test('is followed by another', async () => {
    const [gone = ''] = await podNames();
    await kubectl(`delete pod ${gone} --timeout=20s`);
    await ready();
    const names = await podNames();
    assert.equal(names.length, 3);
    assert.ok(!names.includes(gone));
  });
});

suite('kill -9 of the daemon', () => {
  test('Pods serve on through their Service, and are known again after the restart', async (t) => {
    const uids = await kubectl('get pods -l app=myapp -o jsonpath={.items[*].metadata.uid}');
    await using load = await cluster.load([`http://${await field('service/myservice', '.spec.clusterIP')}/`]);
    await daemon.crash();
    await daemon.restart();
    await ready();
    const { count, failures } = await load.end();
    t.diagnostic(`${count} requests while the daemon was killed and started again, ${failures.length} failures`);
    assert.deepEqual(failures, []);
    assert.equal(await kubectl('get pods -l app=myapp -o jsonpath={.items[*].metadata.uid}'), uids);
    assert.equal(await kubectl(`get pods -l app=myapp -o jsonpath={.items[*]${STATUS}.restartCount}`), '0 0 0');
    const [name = ''] = await podNames();
    assert.match(await kubectl(`exec ${name} -- cat /www/index.html`), /^myapp-/);
  });

  test('a container that ended meanwhile shows its true exit code and is started anew', async () => {
    const once = (name: string, restartPolicy: string) => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name },
      spec: {
        restartPolicy,
        containers: [{ name: 'main', image: 'busybox', command: ['sh', '-c', 'trap "exit 42" USR1; trap exit TERM; while :; do sleep 1 & wait $!; done'] }],
      },
    });
    await apply(once('ends', 'Never'));
    await apply(once('returns', 'Always'));
    await kubectl('wait pod/ends pod/returns --for=condition=Ready --timeout=20s');
    const pids = [await pidOf('ends'), await pidOf('returns')].map(Number);
    await daemon.crash();
    for (const pid of pids) process.kill(pid, 'SIGUSR1');
    await eventually('their ends', async () => (await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')))).join('') === '');
    await daemon.restart();
    await kubectl('wait pod/ends --for=jsonpath={.status.phase}=Failed --timeout=20s');
    assert.equal(await field('pod/ends', `${STATUS}.state.terminated.exitCode`), '42');
    await kubectl(`wait pod/returns --for=jsonpath={${STATUS}.restartCount}=1 --timeout=20s`);
    await kubectl('wait pod/returns --for=condition=Ready --timeout=20s');
    assert.equal(await field('pod/returns', `${STATUS}.lastState.terminated.exitCode`), '42');
    await kubectl('delete pod ends returns --timeout=20s');
  });

  test(`at random moments while a Deployment rolls: nothing is lost, doubled or refused`, async (t) => {
    t.diagnostic(`${KILLS} kills, seed ${SEED}: GANTRY_SEED=${SEED} gives them again, GANTRY_SOAK_KILLS=N more`);
    const random = seeded(SEED);
    await using load = await cluster.load([`http://${await field('service/myservice', '.spec.clusterIP')}/`], { most: 200_000 });
    for (let kill = 1; kill <= KILLS; kill += 1) {
      const image = `myregistry/myimage:${kill % 2 === 1 ? '2.0' : '1.0'}`;
      await kubectl(`set image deployment/myapp mycontainer=${image}`);
      await systemClock.sleep(random() * 900);
      await daemon.crash();
      await daemon.restart();
      assert.equal(await field('deployment/myapp', '.spec.template.spec.containers[0].image'), image);
      await kubectl('rollout status deployment/myapp --timeout=40s');
      await eventually('three Pods of the new image alone', async () => {
        const images = (await kubectl('get pods -l app=myapp -o jsonpath={.items[*].spec.containers[0].image}')).split(' ');
        return images.length === 3 && images.every((one) => one === image);
      });
    }
    const { count, failures } = await load.end();
    t.diagnostic(`${count} requests, ${failures.length} failures`);
    assert.deepEqual(failures, []);
    const shims = await shell(`pgrep -fc '[c]onmon.*${daemon.folder}'`);
    assert.equal(Number(shims), 3, 'a process for each Pod and no more');
  });
});

suite('gantry down', () => {
  test('does not wait for a Pod that is slow to end', async () => {
    await apply({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'deaf' },
      spec: { terminationGracePeriodSeconds: 60, containers: [{ name: 'main', image: 'busybox', command: ['sleep', '1000'] }] },
    });
    await kubectl('wait pod/deaf --for=condition=Ready --timeout=20s');
    await kubectl('delete pod deaf --wait=false');
    await eventually('its end begun', async () => /Killing/.test(await kubectl('events --for pod/deaf')));
    const began_ms = systemClock.monotonic();
    assert.equal((await daemon.gantry(['down'])).status, 0);
    assert.ok(systemClock.monotonic() - began_ms < 10_000);
    await daemon.restart();
    await kubectl('wait pod/deaf --for=delete --timeout=20s');
    await ready();
  });

  test('ends the Pods and takes every trace off the machine; up brings the Pods back', async () => {
    const id = (JSON.parse((await daemon.gantry(['status', '-o', 'json'])).stdout) as { id: string }).id;
    const standing = await tracesOf(daemon.inside, daemon.folder, [id]);
    assert.ok(
      standing.processes.length > 3 && standing.cgroups.length > 0 && standing.tables.length > 0 && standing.mounts.length > (clean?.mounts.length ?? 0),
    );
    const outcome = await daemon.gantry(['down']);
    assert.equal(outcome.status, 0, outcome.stderr);
    const left = await tracesOf(daemon.inside, daemon.folder, [id]);
    assert.deepEqual(left, { ...clean, processes: [], cgroups: [] });
    await daemon.restart();
    await ready();
    assert.equal((await podNames()).length, 3);
    assert.match(await shell(`curl --silent --fail --max-time 5 http://${await field('service/myservice', '.spec.clusterIP')}`), /^myapp-/);
  });
});
