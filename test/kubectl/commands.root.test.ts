import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { after, before, suite, test } from 'node:test';
import { Conversation } from '../support/conversation.ts';
import { startTestCluster } from '../support/cluster.ts';
import { MYAPP } from '../support/manifests.ts';
import { eventually } from '../support/eventually.ts';

const cluster = await startTestCluster();
after(() => cluster[Symbol.asyncDispose]());
const { kubectl, apply, field, shell, daemon } = cluster;

const NEVER_ENDING = 'trap "exit 0" TERM; echo one; echo two >&2; echo three; while :; do sleep 1 & wait $!; done';
const pod = (name: string, line: string) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, labels: { app: name } },
  spec: { terminationGracePeriodSeconds: 2, containers: [{ name: 'main', image: 'busybox', command: ['sh', '-c', line] }] },
});
const refused = async (words: readonly string[]) => {
  const outcome = await cluster.try(words);
  assert.notEqual(outcome.status, 0, outcome.stdout);
  return outcome.stderr;
};

before(async () => {
  await apply(MYAPP);
  await apply(pod('talker', NEVER_ENDING));
  await kubectl('rollout status deployment/myapp --timeout=20s');
  await kubectl('wait pod/talker --for=condition=Ready --timeout=20s');
});

suite('kubectl logs', () => {
  test('all, the last lines, since a time, with timestamps, of a container, of a selection', async () => {
    await eventually('three lines', async () => (await kubectl('logs talker')).split('\n').length === 4);
    assert.deepEqual((await kubectl('logs talker')).trim().split('\n').sort(), ['one', 'three', 'two']);
    assert.equal((await kubectl('logs talker --tail=1')).split('\n').length, 2);
    assert.equal((await kubectl('logs talker --since=1h')).split('\n').length, 4);
    assert.equal(await kubectl('logs talker --since-time=2100-01-01T00:00:00Z'), '');
    assert.match(await kubectl('logs talker -c main --timestamps --tail=1'), /^\d{4}-\d\d-\d\dT[\d:.]+Z \w+\n$/);
    assert.equal((await kubectl('logs -l app=talker --prefix')).match(/\[pod\/talker\/main\]/g)?.length, 3);
    assert.match(await refused(['logs', 'talker', '-c', 'nobody']), /container nobody is not valid for pod talker/);
    assert.match(await refused(['logs', 'talker', '--previous']), /previous terminated container "main" in pod "talker" not found/);
  });

  test('-f follows to the end', async () => {
    await apply(pod('counter', 'for i in 1 2 3 4 5; do echo $i; sleep 0.2; done; sleep 0.1'));
    await kubectl('wait pod/counter --for=condition=Ready --timeout=20s');
    assert.equal(await kubectl('logs -f counter --pod-running-timeout=20s'), '1\n2\n3\n4\n5\n');
    await kubectl('delete pod counter --timeout=20s');
  });
});

suite('kubectl exec, attach, run and cp', () => {
  test('exec: streams apart, exit codes, and what cannot be found', async () => {
    const outcome = await cluster.try(['exec', 'talker', '--', 'sh', '-c', 'echo out; echo err >&2; exit 7']);
    assert.deepEqual([outcome.status, outcome.stdout], [7, 'out\n']);
    assert.match(outcome.stderr, /^err\ncommand terminated with exit code 7\n$/);
    assert.match(await refused(['exec', 'talker', '--', '/no/such']), /no such file|not found/i);
    assert.match(await refused(['exec', 'nobody', '--', 'true']), /pods "nobody" not found/);
    assert.match(await kubectl('exec deployment/myapp -- hostname'), /^myapp-/);
  });

  test('exec -i: a megabyte of input arrives whole, and comes back whole', async () => {
    const bytes = randomBytes(1024 * 1024);
    const text = bytes.toString('base64');
    const outcome = await daemon.kubectl(['exec', '-i', 'talker', '--', 'sha256sum'], { input: bytes });
    assert.equal(outcome.stdout.split(' ')[0], createHash('sha256').update(bytes).digest('hex'));
    assert.ok((await daemon.kubectl(['exec', '-i', 'talker', '--', 'cat'], { input: text })).stdout === text);
  });

  test('exec -it: a terminal of the right size', async () => {
    // The size comes on a channel of its own, after the beginning; the terminal stays until it was seen.
    const look = 'tty; until stty size 2>/dev/null; do sleep 0.05; done; read -r last';
    await using session = new Conversation(daemon.spawn(['script', '-qec', `stty rows 40 cols 100; kubectl exec -it talker -- sh -c '${look}'`, '/dev/null']));
    await session.hears(/\/dev\/pts\/0\r\n40 100/);
  });

  test('attach sees what is said from then on', async () => {
    await apply(pod('echoing', 'trap "exit 0" TERM; while :; do echo tick; sleep 0.2; done'));
    await kubectl('wait pod/echoing --for=condition=Ready --timeout=20s');
    assert.match(await shell('timeout 2 kubectl attach echoing 2>/dev/null || true'), /tick\ntick\n/);
    await kubectl('delete pod echoing --timeout=20s');
  });

  test('run --rm -i: input, output, exit, and nothing is left', async () => {
    const words = ['run', 'guest', '--rm', '-i', '--image=busybox', '--restart=Never', '--quiet', '--', 'sh', '-c', 'read x; echo got $x'];
    const outcome = await daemon.kubectl(words, { input: 'hello\n' });
    assert.match(outcome.stdout, /got hello/, outcome.stderr);
    assert.match(await refused(['get', 'pod', 'guest']), /not found/);
    const said = await shell(
      `printf 'echo in-a-terminal\\nexit\\n' | script -qec "kubectl run guest2 --rm -it --image=busybox --restart=Never -- sh" /dev/null`,
    );
    assert.match(said, /in-a-terminal/);
  });

  test('cp there and back, a folder', async () => {
    const folder = `${daemon.folder}/cp`;
    await mkdir(`${folder}/deep`, { recursive: true });
    await writeFile(`${folder}/deep/file`, 'content');
    await kubectl(`cp ${folder} talker:/tmp/there`);
    assert.equal(await kubectl('exec talker -- cat /tmp/there/deep/file'), 'content');
    await kubectl(`cp talker:/tmp/there/deep/file ${folder}/back`);
    assert.equal(await readFile(`${folder}/back`, 'utf8'), 'content');
  });
});

suite('kubectl port-forward', () => {
  for (const target of ['pod/talker', 'deployment/myapp', 'service/myservice'])
    test(`to a ${target.split('/')[0]}`, async () => {
      const [name = ''] = target === 'pod/talker' ? (await kubectl('get pods -l app=myapp -o name')).split('\n') : [target];
      const forward = daemon.spawn(['kubectl', 'port-forward', name, ':80']);
      try {
        const port = await new Promise<string>((resolve, reject) => {
          forward.stdout.setEncoding('utf8').on('data', (text: string) => {
            const found = /127\.0\.0\.1:(\d+) -> 80/.exec(text)?.[1];
            if (found !== undefined) resolve(found);
          });
          forward.on('close', () => reject(new Error('kubectl port-forward ended')));
        });
        for (const _ of [1, 2, 3]) assert.match(await shell(`curl --silent --fail --max-time 5 http://127.0.0.1:${port}`), /^myapp-\S+ 1\.0\n$/);
      } finally {
        forward.kill();
      }
    });
});

suite('kubectl get, describe, top and events', () => {
  test('get in every form', async () => {
    assert.match(await kubectl('get pods -o wide'), /NAME +READY +STATUS +RESTARTS +AGE +IP +NODE/);
    assert.match(await kubectl('get pods -o wide'), /talker +1\/1 +Running +0 +\S+ +10\.42\.\d+\.\d+ +\S+ +<none> +<none>/);
    assert.match(await kubectl('get pod talker -o yaml'), /^apiVersion: v1\nkind: Pod\n/);
    assert.equal((JSON.parse(await kubectl('get pod talker -o json')) as { kind: string }).kind, 'Pod');
    assert.equal(await kubectl('get pod talker -o name'), 'pod/talker\n');
    assert.equal(await field('pod/talker', '.status.phase'), 'Running');
    assert.equal(await kubectl('get pod talker -o custom-columns=N:.metadata.name,P:.status.phase --no-headers'), 'talker   Running\n');
    assert.match(
      await kubectl('get all'),
      /pod\/talker[^]*service\/myservice[^]*deployment.apps\/myapp[^]*replicaset.apps\/myapp-[^]*horizontalpodautoscaler.autoscaling\/myautoscaler/,
    );
    assert.match(await kubectl('get nodes -o wide'), /Ready +\S+ +\S+ +v1\.\S+ +\S+ .*gantry:\/\//);
    assert.match(await kubectl('get deployment myapp -o wide'), /3\/3 +3 +3 +\S+ +mycontainer +myregistry\/myimage:1.0 +app=myapp/);
    assert.match(await kubectl('get endpointslices'), /myservice-\S+ +IPv4 +80 +10\.42\./);
  });

  test('describe tells of Pods, Deployments, Services, Nodes', async () => {
    assert.match(await kubectl('describe pod talker'), /Status: +Running[^]*Image: +busybox[^]*Ready: +True[^]*Events:[^]*Pulled[^]*Created[^]*Started/);
    assert.match(await kubectl('describe deployment myapp'), /3 desired \| 3 updated \| 3 total \| 3 available \| 0 unavailable/);
    assert.match(await kubectl('describe service myservice'), /Endpoints: +10\.42\.\d+\.\d+:80/);
    assert.match(await kubectl('describe node'), /Ready +True[^]*Allocatable:[^]*Non-terminated Pods: +\(4 in total\)/);
  });

  test('top pods and nodes', async () => {
    assert.match(await kubectl('top pods'), /NAME +CPU\(cores\) +MEMORY\(bytes\) *\n(\S+ +\d+m +\d+Mi *\n){4}/);
    assert.match(await kubectl('top nodes'), /\S+ +\d+m +\d+% +\d+Mi +\d+%/);
    assert.match(await kubectl('top pod talker --containers'), /talker +main +\d+m +\d+Mi/);
  });

  test('events', async () => {
    assert.match(await kubectl('events --for pod/talker'), /Normal +Scheduled +Pod\/talker +Successfully assigned default\/talker to /);
    assert.match(await kubectl('get events --field-selector involvedObject.name=talker'), /Started container main/);
  });

  test('get --watch shows the states in their order', async () => {
    const watch = daemon.spawn(['kubectl', 'get', 'pods', '--watch', '-l', 'app in (brief,longer,wrong)', '--no-headers']);
    let said = '';
    watch.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    const states = (name: string) => said.split('\n').flatMap((line) => (line.startsWith(`${name} `) ? [line.split(/ +/)[2] ?? ''] : []));
    const distinct = (name: string) => states(name).filter((state, index, all) => state !== all[index - 1]);
    try {
      await apply({
        ...pod('brief', 'sleep 0.3'),
        spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'busybox', command: ['sleep', '0.3'] }] },
      });
      await apply(pod('longer', NEVER_ENDING));
      await apply({ ...pod('wrong', ''), spec: { containers: [{ name: 'main', image: 'busybox', command: ['sh', '-c', 'sleep 0.3; exit 1'] }] } });
      await kubectl('wait pod/longer --for=condition=Ready --timeout=20s');
      await kubectl('delete pod longer --timeout=20s');
      await eventually('Completed', async () => distinct('brief').includes('Completed'));
      await eventually('CrashLoopBackOff', async () => distinct('wrong').includes('CrashLoopBackOff'));
    } finally {
      watch.kill();
    }
    assert.deepEqual(distinct('brief').slice(0, 4), ['Pending', 'ContainerCreating', 'Running', 'Completed']);
    const long = distinct('longer');
    assert.deepEqual(long.slice(0, 4), ['Pending', 'ContainerCreating', 'Running', 'Terminating']);
    assert.match(distinct('wrong').join(' '), /^Pending ContainerCreating Running Error (Running Error )?.*CrashLoopBackOff$/);
    await kubectl('delete pod brief wrong --timeout=20s');
  });
});

suite('kubectl changes things', () => {
  test('rollout: history, undo, pause, resume, restart', async () => {
    await kubectl('set image deployment/myapp mycontainer=myregistry/myimage:2.0');
    assert.match(await kubectl('rollout status deployment/myapp --timeout=20s'), /successfully rolled out/);
    assert.match(await kubectl('rollout history deployment/myapp --revision=2'), /Image:\s+myregistry\/myimage:2\.0/);
    await kubectl('rollout undo deployment/myapp');
    await kubectl('rollout status deployment/myapp --timeout=20s');
    assert.equal(await field('deployment/myapp', '.spec.template.spec.containers[0].image'), 'myregistry/myimage:1.0');
    await kubectl('rollout pause deployment/myapp');
    await kubectl('set image deployment/myapp mycontainer=myregistry/myimage:2.0');
    await kubectl('wait deployment/myapp --for=condition=Progressing=Unknown --timeout=20s');
    assert.equal(
      await kubectl('get pods -l app=myapp -o jsonpath={.items[*].spec.containers[0].image}'),
      'myregistry/myimage:1.0 myregistry/myimage:1.0 myregistry/myimage:1.0',
    );
    await kubectl('rollout resume deployment/myapp');
    await kubectl('rollout status deployment/myapp --timeout=20s');
    const before = await kubectl('get pods -l app=myapp -o name');
    await kubectl('rollout restart deployment/myapp');
    await kubectl('rollout status deployment/myapp --timeout=20s');
    const now = await kubectl('get pods -l app=myapp --field-selector status.phase=Running -o name');
    assert.ok(
      !before.split('\n').some(
        (name) =>
          name !== '' &&
          now
            .split('\n')
            .slice(0, 3)
            .every((one) => one === name),
      ),
    );
  });

  test('label, annotate, edit, diff, apply --prune', async () => {
    await kubectl('label pod talker tier=web');
    assert.equal(await kubectl('get pods -l tier=web -o name'), 'pod/talker\n');
    await kubectl('annotate pod talker note=kept');
    assert.equal(await field('pod/talker', '.metadata.annotations.note'), 'kept');
    const edited = await daemon.kubectl(['edit', 'pod', 'talker'], { environment: { EDITOR: 'sed -i s/note:.kept/note:\\ changed/' } });
    assert.equal(edited.status, 0, edited.stderr);
    assert.equal(await field('pod/talker', '.metadata.annotations.note'), 'changed');
    const map = (name: string, value: string) =>
      JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, labels: { set: 'pruned' } }, data: { value } });
    await kubectl('apply -f -', map('first', 'a'));
    const difference = await cluster.try(['diff', '-f', '-'], map('first', 'b'));
    assert.equal(difference.status, 1, difference.stderr);
    assert.match(difference.stdout, /-\s+value: a\n\+\s+value: b/);
    assert.match(await kubectl('apply --prune -l set=pruned --prune-allowlist=core/v1/ConfigMap -f -', map('second', 'a')), /configmap\/first pruned/);
  });

  test('delete by selector, and what a Deployment made goes with it', async () => {
    await kubectl('delete deployment myapp --timeout=20s');
    await kubectl('wait pod -l app=myapp --for=delete --timeout=20s');
    assert.equal(await kubectl('get pods -l app=myapp -o name'), '');
  });
});
