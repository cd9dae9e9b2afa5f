import assert from 'node:assert/strict';
import { after, suite, test } from 'node:test';
import { startTestCluster } from '../support/cluster.ts';
import { eventually } from '../support/eventually.ts';

const cluster = await startTestCluster();
after(() => cluster[Symbol.asyncDispose]());
const { kubectl, apply, field } = cluster;

type Fields = Readonly<Record<string, unknown>>;
const FOREVER = ['sh', '-c', 'trap "exit 0" TERM; while :; do sleep 1 & wait $!; done'];

/** A Pod of one container `main`, which lasts until it is told to end where nothing else is said. */
const pod = (name: string, container: Fields = {}, spec: Fields = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, labels: { app: name } },
  spec: { ...spec, containers: [{ name: 'main', image: 'busybox', imagePullPolicy: 'IfNotPresent', command: FOREVER, ...container }] },
});
const shell = (line: string) => ({ command: ['sh', '-c', line] });
const wait = (name: string, condition: string) => kubectl(`wait pod/${name} --for=${condition} --timeout=20s`);
const phase = (name: string, value: string) => wait(name, `jsonpath={.status.phase}=${value}`);
const logs = (name: string, options = '') => kubectl(`logs ${name}${options}`);
const STATUS = '.status.containerStatuses[0]';

suite('what a container is given', { concurrency: 4 }, () => {
  test('environment from values, ConfigMaps, Secrets and the downward API', async () => {
    await kubectl('create configmap colours --from-literal=first=red --from-literal=second=blue');
    await kubectl('create secret generic hidden --from-literal=word=swordfish');
    const env = [
      { name: 'PLAIN', value: 'plain' },
      { name: 'MADE', value: '$(PLAIN)-made' },
      { name: 'FIRST', valueFrom: { configMapKeyRef: { name: 'colours', key: 'first' } } },
      { name: 'WORD', valueFrom: { secretKeyRef: { name: 'hidden', key: 'word' } } },
      { name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
      { name: 'ADDRESS', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
      { name: 'CPU', valueFrom: { resourceFieldRef: { resource: 'limits.cpu', divisor: '1m' } } },
    ];
    const envFrom = [{ configMapRef: { name: 'colours' }, prefix: 'all_' }];
    await apply(pod('given', { ...shell('env'), env, envFrom, resources: { limits: { cpu: '250m' } } }, { restartPolicy: 'Never' }));
    await phase('given', 'Succeeded');
    const said = await logs('given');
    for (const line of ['PLAIN=plain', 'MADE=plain-made', 'FIRST=red', 'WORD=swordfish', 'POD=given', 'CPU=250', 'all_second=blue'])
      assert.ok(said.split('\n').includes(line), line);
    assert.equal(/^ADDRESS=(.*)$/m.exec(said)?.[1], await field('pod/given', '.status.podIP'));
  });

  test('volumes: emptyDir shared, configMap, secret with modes, downwardAPI, hostPath', async () => {
    await kubectl('create configmap files --from-literal=a.txt=from-a-map');
    await kubectl('create secret generic keys --from-literal=key=from-a-secret');
    const volumes = [
      { name: 'shared', emptyDir: {} },
      { name: 'map', configMap: { name: 'files' } },
      { name: 'secret', secret: { secretName: 'keys', defaultMode: 0o400 } },
      { name: 'labels', downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] } },
      { name: 'host', hostPath: { path: `${cluster.daemon.folder}/shared`, type: 'DirectoryOrCreate' } },
    ];
    const volumeMounts = volumes.map(({ name }) => ({ name, mountPath: `/v/${name}` }));
    const init = { name: 'init', image: 'busybox', imagePullPolicy: 'IfNotPresent', ...shell('echo from-init > /v/shared/x'), volumeMounts };
    const look = 'cat /v/shared/x /v/map/a.txt; echo; cat /v/secret/key; echo; stat -L -c %a /v/secret/key; cat /v/labels/labels; echo; echo seen > /v/host/y';
    await apply(pod('mounted', { ...shell(look), volumeMounts }, { volumes, initContainers: [init], restartPolicy: 'Never' }));
    await phase('mounted', 'Succeeded');
    assert.deepEqual((await logs('mounted')).trim().split('\n'), ['from-init', 'from-a-map', 'from-a-secret', '400', 'app="mounted"']);
    assert.equal(await cluster.shell(`cat ${cluster.daemon.folder}/shared/y`), 'seen\n');
  });

  test('a changed ConfigMap reaches a running Pod', async () => {
    await kubectl('create configmap changing --from-literal=x=old');
    await apply(pod('follower', { volumeMounts: [{ name: 'map', mountPath: '/map' }] }, { volumes: [{ name: 'map', configMap: { name: 'changing' } }] }));
    await wait('follower', 'condition=Ready');
    await kubectl('patch configmap changing -p {"data":{"x":"new"}}');
    await eventually('the new value', async () => (await kubectl('exec follower -- cat /map/x')) === 'new');
  });

  test('runAsUser, runAsGroup, fsGroup and supplemental groups', async () => {
    const securityContext = { runAsUser: 1000, runAsGroup: 3000, fsGroup: 2000, supplementalGroups: [4000] };
    const mount = { volumeMounts: [{ name: 'shared', mountPath: '/v' }] };
    await apply(
      pod(
        'user',
        { ...shell('id; touch /v/x && stat -c %g /v/x; touch /bin/x'), ...mount },
        { securityContext, volumes: [{ name: 'shared', emptyDir: {} }], restartPolicy: 'Never' },
      ),
    );
    await phase('user', 'Failed');
    assert.match(await logs('user'), /uid=1000\(?\w*\)? gid=3000 groups=[^\n]*2000[^\n]*4000\n2000\n/);
  });

  test('a read-only root, dropped capabilities and a container that must not be root', async () => {
    const securityContext = { readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } };
    await apply(pod('bare', { ...shell('touch /x; grep CapEff /proc/self/status'), securityContext }, { restartPolicy: 'Never' }));
    await phase('bare', 'Succeeded');
    const said = await logs('bare');
    assert.match(said, /touch: \/x: Read-only file system/);
    assert.match(said, /^CapEff:\t0000000000000000$/m);
    await apply(pod('noroot', { securityContext: { runAsNonRoot: true } }));
    await wait('noroot', `jsonpath={${STATUS}.state.waiting.reason}=CreateContainerConfigError`);
    assert.match(await field('pod/noroot', `${STATUS}.state.waiting.message`), /runAsNonRoot/);
  });
});

suite('init containers, probes and hooks', { concurrency: 4 }, () => {
  test('init containers run one after the other before the rest, and one that fails shows', async () => {
    const init = (name: string, line: string) => ({ name, image: 'busybox', imagePullPolicy: 'IfNotPresent', ...shell(line) });
    const initContainers = [init('one', 'echo 1'), init('two', 'echo 2; until [ -e /tmp/go ]; do sleep 0.1; done')];
    await apply(pod('steps', {}, { initContainers }));
    await wait('steps', 'jsonpath={.status.initContainerStatuses[1].state.running.startedAt}');
    assert.match(await kubectl('get pod steps --no-headers'), /0\/1 +Init:1\/2/);
    await kubectl('exec steps -c two -- touch /tmp/go');
    await wait('steps', 'condition=Ready');
    assert.equal(await logs('steps', ' -c one'), '1\n');
    await apply(pod('badinit', {}, { initContainers: [init('bad', 'exit 3')], restartPolicy: 'Never' }));
    await phase('badinit', 'Failed');
    assert.match(await kubectl('get pod badinit --no-headers'), /0\/1 +Init:Error/);
  });

  test('readiness by exec, HTTP and TCP', async () => {
    const serve = shell('mkdir /w; trap "exit 0" TERM; until [ -e /tmp/go ]; do sleep 0.1; done; echo ok > /w/index.html; httpd -f -p 80 -h /w & wait');
    const probes = { exec: { command: ['test', '-e', '/w/index.html'] }, httpGet: { path: '/', port: 80 }, tcpSocket: { port: 80 } };
    for (const [kind, probe] of Object.entries(probes))
      await apply(pod(`ready-${kind.toLowerCase()}`, { ...serve, readinessProbe: { [kind]: probe, periodSeconds: 1 } }));
    for (const kind of Object.keys(probes)) {
      const name = `ready-${kind.toLowerCase()}`;
      await phase(name, 'Running');
      assert.equal(await field(`pod/${name}`, '.status.conditions[?(@.type=="Ready")].status'), 'False');
      await kubectl(`exec ${name} -- touch /tmp/go`);
      await wait(name, 'condition=Ready');
    }
  });

  test('a liveness probe that fails restarts the container, and says so', async () => {
    const livenessProbe = { exec: { command: ['test', '!', '-e', '/tmp/sick'] }, periodSeconds: 1, failureThreshold: 1 };
    await apply(pod('alive', { livenessProbe }));
    await wait('alive', 'condition=Ready');
    await kubectl('exec alive -- touch /tmp/sick');
    await wait('alive', `jsonpath={${STATUS}.restartCount}=1`);
    await wait('alive', 'condition=Ready');
    const events = await kubectl('events --for pod/alive');
    assert.match(events, /Unhealthy[^\n]*Liveness probe failed/);
    assert.match(events, /Killing[^\n]*failed liveness probe, will be restarted/);
  });

  test('a startup probe holds the others back', async () => {
    const startupProbe = { exec: { command: ['test', '-e', '/tmp/up'] }, periodSeconds: 1, failureThreshold: 30 };
    const livenessProbe = { exec: { command: ['test', '-e', '/tmp/up'] }, periodSeconds: 1, failureThreshold: 1 };
    await apply(pod('slow', { startupProbe, livenessProbe }));
    await eventually('a failed startup probe', async () => (await kubectl('events --for pod/slow')).includes('Startup probe failed'));
    assert.equal(await field('pod/slow', `${STATUS}.started`), 'false');
    await kubectl('exec slow -- touch /tmp/up');
    await wait('slow', 'condition=Ready');
    assert.equal(await field('pod/slow', `${STATUS}.restartCount`), '0');
  });

  test('postStart runs before Ready, preStop before the signal', async () => {
    const lifecycle = {
      postStart: { exec: { command: ['sh', '-c', 'echo begun > /proc/1/fd/1'] } },
      preStop: { exec: { command: ['sh', '-c', 'echo stopping > /proc/1/fd/1'] } },
    };
    await apply(pod('hooked', { lifecycle, ...shell('trap "echo signalled; exit 0" TERM; while :; do sleep 1 & wait $!; done') }));
    await wait('hooked', 'condition=Ready');
    const following = kubectl('logs -f hooked');
    await kubectl('delete pod hooked --timeout=20s');
    assert.equal(await following, 'begun\nstopping\nsignalled\n');
  });
});

suite('how a Pod ends', { concurrency: 4 }, () => {
  test('restartPolicy Never: Completed and Error', async () => {
    await apply(pod('fine', shell('exit 0'), { restartPolicy: 'Never' }));
    await apply(pod('wrong', shell('echo why > /dev/termination-log; exit 7'), { restartPolicy: 'Never' }));
    await phase('fine', 'Succeeded');
    await phase('wrong', 'Failed');
    assert.match(await kubectl('get pod fine --no-headers'), /0\/1 +Completed +0/);
    assert.match(await kubectl('get pod wrong --no-headers'), /0\/1 +Error +0/);
    assert.equal(await field('pod/wrong', `${STATUS}.state.terminated.exitCode`), '7');
    assert.match(await kubectl('describe pod wrong'), /Reason: +Error\n +Message: +why\n\n? +Exit Code: +7/);
  });

  test('restartPolicy OnFailure runs it again until it succeeds', async () => {
    const mount = { volumeMounts: [{ name: 'v', mountPath: '/v' }] };
    await apply(
      pod('again', { ...shell('[ -e /v/x ] && exit 0; touch /v/x; exit 1'), ...mount }, { restartPolicy: 'OnFailure', volumes: [{ name: 'v', emptyDir: {} }] }),
    );
    await phase('again', 'Succeeded');
    assert.equal(await field('pod/again', `${STATUS}.restartCount`), '1');
  });

  test('more memory than its limit: OOMKilled, told by describe, and started anew', async () => {
    const line = '[ -e /v/x ] && exec sleep 1000; touch /v/x; x=a; while :; do x=$x$x; done';
    const mount = { volumeMounts: [{ name: 'v', mountPath: '/v' }] };
    await apply(
      pod(
        'greedy',
        { ...shell(line), ...mount, resources: { limits: { memory: '16Mi' } } },
        { volumes: [{ name: 'v', emptyDir: {} }], terminationGracePeriodSeconds: 1 },
      ),
    );
    await wait('greedy', `jsonpath={${STATUS}.restartCount}=1`);
    await wait('greedy', 'condition=Ready');
    assert.match(
      await kubectl('describe pod greedy'),
      /Last State: +Terminated\n +Reason: +OOMKilled\n +Exit Code: +137[^]*Restart Count: +1[^]*memory: +16Mi/,
    );
  });

  test('activeDeadlineSeconds', async () => {
    await apply(pod('late', {}, { activeDeadlineSeconds: 2, terminationGracePeriodSeconds: 1 }));
    await phase('late', 'Failed');
    assert.equal(await field('pod/late', '.status.reason'), 'DeadlineExceeded');
    assert.notEqual(await field('pod/late', `${STATUS}.state.terminated.reason`), '');
  });

  test('who does not end on SIGTERM is killed when the grace period is over', async () => {
    await apply(pod('deaf', shell('trap "" TERM; while :; do sleep 1; done'), { terminationGracePeriodSeconds: 2 }));
    await wait('deaf', 'condition=Ready');
    const began_ms = performance.now();
    await kubectl('delete pod deaf --timeout=20s');
    const took_ms = performance.now() - began_ms;
    assert.ok(took_ms > 1900 && took_ms < 6000, `${took_ms} ms`);
  });

  test('kubectl delete --force does not wait', async () => {
    await apply(pod('forced', shell('trap "" TERM; while :; do sleep 1; done')));
    await wait('forced', 'condition=Ready');
    await kubectl('delete pod forced --force --grace-period=0 --timeout=10s');
    await eventually('no process of it', async () => !(await cluster.daemon.inside(['pgrep', '-f', 'k8s_main_forced'])).stdout.trim());
  });
});

suite('images', { concurrency: 4 }, () => {
  test('an image that was only built or imported runs whatever pull policy its tag gives it', async () => {
    await apply(pod('latest', { imagePullPolicy: undefined }));
    await apply(pod('always', { imagePullPolicy: 'Always' }));
    await apply(pod('never', { imagePullPolicy: 'Never' }));
    for (const name of ['latest', 'always', 'never']) await wait(name, 'condition=Ready');
    assert.equal(await field('pod/latest', '.spec.containers[0].imagePullPolicy'), 'Always');
  });

  test('an image that is nowhere: ErrImagePull, ImagePullBackOff, and it goes away at once', async () => {
    await apply(pod('absent', { image: '127.0.0.1:5000/no/such:1' }));
    await eventually('ImagePullBackOff', async () => /ImagePullBackOff|ErrImagePull/.test(await kubectl('get pod absent --no-headers')));
    assert.match(await kubectl('events --for pod/absent'), /Failed[^\n]*no\/such:1/);
    await apply(pod('nothere', { image: 'nothere', imagePullPolicy: 'Never' }));
    await wait('nothere', `jsonpath={${STATUS}.state.waiting.reason}=ErrImageNeverPull`);
    await apply(pod('malformed', { image: 'no image' }));
    await wait('malformed', `jsonpath={${STATUS}.state.waiting.reason}=InvalidImageName`);
    await kubectl('delete pod absent nothere malformed --timeout=10s');
  });
});
