import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { after, test } from 'node:test';
import { LASTING, startDocker } from '../support/docker.ts';
import { eventually } from '../support/eventually.ts';

const docker = await startDocker();
after(() => docker[Symbol.asyncDispose]());

test('what a container says is heard though it ends before it has read its input', async () => {
  const input = Buffer.alloc(5_000_000, 'x');
  const runs = await Promise.all(Array.from({ length: 8 }, () => docker.daemon.docker(['run', '--rm', '-i', 'busybox', 'echo', 'said'], { input })));
  assert.deepEqual(
    runs.map(({ status, stdout, stderr }) => `${status} ${stdout}${stderr}`),
    Array.from({ length: 8 }, () => '0 said\n'),
  );
});

test('a container runs, and nothing of it is left after --rm', async () => {
  const before = await docker.baseline();
  assert.equal(await docker.run('run --rm busybox echo hello'), 'hello\n');
  assert.equal(await docker.run('ps -aq'), '');
  await docker.settled(before);
});

for (const [words, status, said] of [
  [['sh', '-c', 'exit 42'], 42, /^$/],
  [['sh', '-c', 'sleep 9 & kill -KILL $!; wait $!'], 137, /Killed|^$/],
  [['nosuch'], 127, /exec: "nosuch": executable file not found in \$PATH/],
  [['/etc/passwd'], 126, /exec: "\/etc\/passwd": permission denied/],
] as const)
  test(`docker run ends with ${status} when its command is ${words.join(' ')}`, async () => {
    const outcome = await docker.outcome('run --rm busybox', ...words);
    assert.equal(outcome.status, status);
    assert.match(outcome.stderr, said);
    assert.doesNotMatch(outcome.stderr, /Error waiting/);
    assert.equal(await docker.run('ps -aq'), '');
  });

test('a container that could not start stays, as created, with its reason', async () => {
  await docker.refused('run --name never busybox nosuch');
  const state = '{{.State.Status}} {{.State.ExitCode}} {{.State.Running}} {{.State.FinishedAt}}';
  assert.equal(await docker.inspect('never', state), 'created 127 false 0001-01-01T00:00:00Z');
  assert.match(await docker.inspect('never', '{{.State.Error}}'), /executable file not found/);
  assert.equal(await docker.run('ps -a --format', '{{.Status}}'), 'Created\n');
  assert.notEqual(await docker.run('ps -q -f status=created'), '');
  assert.equal(await docker.run('ps -aq -f status=exited'), '');
  await docker.run('rm never');
});

test('standard input of more than a megabyte passes a container and an exec unchanged', async () => {
  const bytes = randomBytes(2 ** 20);
  const expected = createHash('sha256').update(bytes).digest('hex');
  assert.match(await docker.feed(bytes, 'run --rm -i busybox sha256sum'), new RegExp(`^${expected}`));
  const words = bytes.toString('base64');
  assert.ok((await docker.feed(words, 'run --rm -i busybox cat')) === words);
  await docker.run('run -d --name fed busybox', ...LASTING);
  assert.ok((await docker.feed(words, 'exec -i fed cat')) === words);
  await docker.run('rm -f fed');
});

test('a large output arrives whole, the two streams apart', async () => {
  const { stdout, stderr } = await docker.outcome('run --rm busybox sh -c', 'yes out | head -c 4000000; yes err | head -c 400000 >&2');
  assert.ok(stdout === 'out\n'.repeat(1_000_000));
  assert.ok(stderr === 'err\n'.repeat(100_000));
});

test('docker ps shows, formats and filters', async () => {
  await docker.run('run -d --name one --label team=a busybox', ...LASTING);
  await docker.run('run --name two --label team=b busybox true');
  assert.equal(await docker.run('ps --format', '{{.Names}}|{{.Image}}|{{.State}}|{{.Networks}}'), 'one|busybox|running|bridge\n');
  assert.match(await docker.run('ps --no-trunc --format', '{{.Command}}'), /^"sh -c 'echo ready/);
  assert.match(await docker.run('ps --format', '{{.Status}}'), /^Up /);
  assert.match(await docker.run('ps -a -f name=two --format', '{{.Status}}'), /^Exited \(0\) /);
  assert.match(await docker.run('ps --format json'), /"Names":"one"/);
  for (const [filter, names] of [
    ['name=wo', 'two\n'],
    ['status=exited', 'two\n'],
    ['exited=0', 'two\n'],
    ['label=team', 'two\none\n'],
    ['label=team=a', 'one\n'],
    ['ancestor=busybox', 'two\none\n'],
    ['network=bridge', 'one\n'],
    ['before=two', 'one\n'],
    ['since=one', 'two\n'],
  ] as const)
    assert.equal(await docker.run(`ps -a -f ${filter} --format`, '{{.Names}}'), names, filter);
  assert.equal((await docker.run('ps -q')).trim(), (await docker.inspect('one', '{{.Id}}')).slice(0, 12));
  assert.match(await docker.refused('ps -f status=bogus'), /invalid filter 'status=\[bogus\]'.*running/);
  await docker.run('rm -f one two');
});

test('docker inspect, top, stats and port answer what people ask', async () => {
  await docker.run(
    'run -d --name seen --hostname host1 -p 8080:80 -e A=b -w /tmp -u app --memory 64m --cpus 0.5 --restart on-failure:3 --label l=v busybox',
    ...LASTING,
  );
  for (const [format, expected] of [
    ['{{.Name}} {{.Path}} {{.State.Status}} {{.State.Running}} {{.State.Paused}} {{.RestartCount}}', '/seen sh running true false 0'],
    ['{{.Config.Hostname}} {{.Config.User}} {{.Config.WorkingDir}} {{.Config.Image}} {{index .Config.Labels "l"}}', 'host1 app /tmp busybox v'],
    ['{{.HostConfig.Memory}} {{.HostConfig.NanoCpus}} {{.HostConfig.NetworkMode}} {{len .Mounts}}', '67108864 500000000 bridge 0'],
    ['{{.HostConfig.RestartPolicy.Name}} {{.HostConfig.RestartPolicy.MaximumRetryCount}}', 'on-failure 3'],
    ['{{json .NetworkSettings.Ports}}', '{"80/tcp":[{"HostIp":"0.0.0.0","HostPort":"8080"}]}'],
    ['{{json .HostConfig.PortBindings}}', '{"80/tcp":[{"HostIp":"","HostPort":"8080"}]}'],
    ['{{(index (index .NetworkSettings.Ports "80/tcp") 0).HostPort}}', '8080'],
  ] as const)
    assert.equal(await docker.inspect('seen', format), expected);
  assert.match(await docker.inspect('seen', '{{range .Config.Env}}{{println .}}{{end}}'), /^A=b$/m);
  const pid = await docker.inspect('seen', '{{.State.Pid}}');
  assert.equal((await docker.inside(['cat', `/proc/${pid}/comm`])).trim(), 'sh');
  const address = await docker.inspect('seen', '{{.NetworkSettings.IPAddress}}');
  assert.equal(await docker.inspect('seen', '{{.NetworkSettings.Networks.bridge.IPAddress}}'), address);
  assert.match(await docker.run('exec seen ip -4 -o addr show eth0'), new RegExp(`inet ${address}/`));
  assert.match(await docker.run('top seen'), /sh -c echo ready/);
  assert.match(await docker.run('top seen -o pid,comm'), /PID\s+COMMAND[\s\S]*sh/);
  assert.match(await docker.run('stats --no-stream --format', '{{.Name}} {{.MemUsage}} {{.PIDs}}'), /^seen .*\/ 64MiB \d+\n$/);
  assert.equal(await docker.run('port seen 80'), '0.0.0.0:8080\n');
  await docker.run('rm -f seen');
});

test('docker logs follows, counts from the end, keeps to times and shows them', async () => {
  await docker.run('run -d --name speaker busybox sh -c', 'echo one; echo two >&2; while [ ! -e /go ]; do sleep 0.05; done; echo three');
  await using following = docker.open('logs -f speaker');
  await following.hears(/one\n/);
  await docker.run('exec speaker touch /go');
  await following.hears(/three\n/);
  assert.equal(await following.ended, 0);
  const apart = await docker.outcome('logs speaker');
  assert.deepEqual([apart.stdout, apart.stderr], ['one\nthree\n', 'two\n']);
  assert.equal(await docker.run('logs --tail 1 speaker'), 'three\n');
  assert.equal(await docker.run('logs --tail 0 speaker'), '');
  assert.equal(await docker.run('logs --until 2020-01-01T00:00:00Z speaker'), '');
  const [last = ''] = (await docker.run('logs -t --tail 1 speaker')).split(' ');
  assert.match(last, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/);
  assert.equal(await docker.run(`logs --since ${last} speaker`), 'three\n');
  await docker.run('rm speaker');
});

test('docker exec passes status, user, folder and environment', async () => {
  await docker.run('run -d --name host -e OWN=1 busybox', ...LASTING);
  assert.equal((await docker.outcome('exec host sh -c', 'exit 3')).status, 3);
  assert.equal((await docker.outcome('exec host nosuch')).status, 127);
  assert.equal((await docker.outcome('exec host /etc/passwd')).status, 126);
  assert.equal(await docker.run('exec -u app -w /home -e ADDED=2 host sh -c', 'id -un; pwd; echo $OWN $ADDED'), 'app\n/home\n1 2\n');
  await docker.run('exec -d host sh -c', 'echo done > /tmp/detached');
  await eventually('the detached exec', async () => (await docker.outcome('exec host cat /tmp/detached')).stdout === 'done\n');
  await docker.run('pause host');
  assert.match(await docker.refused('exec host true'), /is paused, unpause/);
  assert.match(await docker.run('ps --format', '{{.Status}}'), /\(Paused\)/);
  await docker.run('unpause host');
  await docker.run('rm -f host');
  assert.match(await docker.refused('exec host true'), /No such container: host/);
});

test('docker exec -it has a terminal that follows its size', async () => {
  await docker.run('run -d --name screen busybox', ...LASTING);
  await using shell = docker.terminal('exec -it screen sh');
  const [, tty = ''] = await shell.hears(/(\/dev\/pts\/\d+)\r?\n/);
  await shell.hears(/# /);
  shell.type('stty size\n');
  await shell.hears(/33 99/);
  await docker.inside(['stty', '-F', tty, 'rows', '40', 'cols', '120']);
  const sizes = 'for t in /dev/pts/[0-9]*; do stty -F $t size; done 2>/dev/null; true';
  await eventually('the new size', async () => (await docker.run('exec screen sh -c', sizes)).includes('40 120'));
  shell.type('exit 9\n');
  assert.equal(await shell.ended, 9);
  await docker.run('rm -f screen');
});

test('docker run -it is let go with the detach keys, attached again, and ends with its status', async () => {
  await using first = docker.terminal('run --name talk -it busybox sh');
  await first.hears(/# /);
  first.type('stty size; echo first-$((1+1))\n');
  await first.hears(/33 99[\s\S]*first-2/);
  first.type('\x10\x11');
  await first.ended;
  assert.equal(await docker.inspect('talk', '{{.State.Running}}'), 'true');
  await using second = docker.terminal('attach --detach-keys ctrl-x,x talk');
  await second.hears(/# /);
  second.type('echo second-$((1+1))\n');
  await second.hears(/second-2/);
  second.type('\x18x');
  await second.ended;
  await using third = docker.terminal('attach talk');
  await third.hears(/# /);
  third.type('exit 6\n');
  assert.equal(await third.ended, 6);
  assert.match(await docker.run('logs talk'), /first-2[\s\S]*second-2/);
  await docker.run('rm talk');
});

test('docker stop ends by the stop signal, then by force, and the exit code says which', async () => {
  await docker.run('run -d --name polite busybox', ...LASTING);
  await docker.run('run -d --name signalled busybox sh -c', 'sleep 1000 & trap "trap - TERM; kill $!; exit 143" TERM; wait');
  await docker.run('run -d --name other --stop-signal USR1 busybox sh -c', 'trap "exit 10" USR1; while :; do sleep 0.05; done');
  await docker.run('run -d --name deaf busybox sleep 1000');
  await docker.run('stop -t 8 polite signalled other');
  await docker.run('stop -t 0 deaf');
  for (const [name, code] of [
    ['polite', '0'],
    ['signalled', '143'],
    ['other', '10'],
    ['deaf', '137'],
  ] as const)
    assert.equal(await docker.inspect(name, '{{.State.Status}} {{.State.ExitCode}}'), `exited ${code}`, name);
  await docker.run('rm polite signalled deaf other');
});

test('docker create, start, restart, rename, update, kill and wait', async () => {
  await docker.run('create --name life busybox', ...LASTING);
  assert.equal(await docker.inspect('life', '{{.State.Status}}'), 'created');
  await docker.run('start life');
  const pid = await docker.inspect('life', '{{.State.Pid}}');
  await docker.run('restart -t 5 life');
  assert.notEqual(await docker.inspect('life', '{{.State.Pid}}'), pid);
  await docker.run('rename life after');
  assert.match(await docker.refused('inspect life'), /No such object/i);
  await docker.run('update --memory 32m --memory-swap 32m after');
  const limit = 'cat /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null || cat /sys/fs/cgroup/memory.max';
  assert.equal((await docker.run('exec after sh -c', limit)).trim(), String(32 * 2 ** 20));
  assert.equal(await docker.inspect('after', '{{.HostConfig.Memory}}'), String(32 * 2 ** 20));
  const waiting = docker.run('wait after');
  await docker.run('kill -s KILL after');
  assert.equal(await waiting, '137\n');
  assert.match(await docker.refused('kill after'), /is not running/);
  assert.match(await docker.refused('run --name after busybox true'), /name "\/after" is already in use by container/);
  await docker.run('start after');
  assert.match(await docker.refused('rm after'), /stop the container before removal or force remove/);
  await docker.run('rm -f after');
});

test('restart policies start again with growing pauses, as often as they say, and not after a stop', async () => {
  await docker.run('run -d --name tries --restart on-failure:2 busybox sh -c', 'exit 3');
  await docker.run('run -d --name good --restart on-failure:2 busybox true');
  assert.equal(await docker.run('wait good'), '0\n');
  assert.equal(await docker.inspect('good', '{{.RestartCount}} {{.State.Status}}'), '0 exited');
  const state = '{{.RestartCount}} {{.State.Status}} {{.State.ExitCode}}';
  await eventually('the last try', async () => (await docker.inspect('tries', state)) === '2 exited 3');
  await docker.run('run -d --name always --restart always busybox true');
  await eventually('the third run', async () => Number(await docker.inspect('always', '{{.RestartCount}}')) >= 2);
  await docker.run('stop always');
  assert.equal(await docker.inspect('always', '{{.State.Status}}'), 'exited');
  // The client says whole seconds: those of the present one are asked for by its end.
  const starts = `events --since 1m --until ${Math.ceil(Date.now() / 1000) + 1} --filter event=start --filter container=tries --format`;
  const times = (await docker.run(starts, '{{json .}}'))
    .trim()
    .split('\n')
    .map((line) => BigInt(/"timeNano":(\d+)/.exec(line)?.[1] ?? 0));
  assert.equal(times.length, 3);
  const [first = 0n, second = 0n, third = 0n] = times;
  assert.ok(third - second > second - first, `pauses grow: ${second - first} ns, ${third - second} ns`);
  await docker.run('rm -f tries good always');
});

test('a health check in words runs by the SHELL of the image, whoever gives it', async () => {
  const dockerfile = `FROM busybox
RUN printf '#!/bin/sh\\necho "by my shell: $*"\\n' > /bin/mine && chmod 755 /bin/mine
SHELL ["/bin/mine", "-x"]
HEALTHCHECK --interval=50ms CMD of the image
`;
  await docker.feed(dockerfile, 'build', '-t', 'shelled', '-');
  for (const [name, options, said] of [
    ['images', [], 'of the image'],
    ['users', ['--health-cmd', 'of the user'], 'of the user'],
  ] as const) {
    await docker.run(`create --name ${name}`, ...options, '--entrypoint', '/bin/sleep', 'shelled', '1000');
    await using events = docker.open(`events --since 1s --filter container=${name} --format`, '{{.Action}}');
    await docker.run(`start ${name}`);
    await events.hears(/health_status: healthy\n/);
    const format = '{{json .Config.Healthcheck.Test}} {{json .Config.Shell}} {{(index .State.Health.Log 0).Output}}';
    assert.equal(await docker.inspect(name, format), `["CMD-SHELL","${said}"] ["/bin/mine","-x"] by my shell: -x ${said}`);
    await docker.run(`rm -f ${name}`);
  }
  await docker.run('rmi shelled');
});

test('a health check tells healthy and unhealthy in ps, inspect and events', async () => {
  const options = ['--health-cmd', '[ ! -e /ill ]', '--health-interval', '100ms', '--health-retries', '2'];
  await docker.run('create --name patient', ...options, 'busybox', 'sleep', '1000');
  await using events = docker.open('events --since 1s --filter container=patient --format', '{{.Action}}');
  await docker.run('start patient');
  await events.hears(/health_status: healthy\n/);
  assert.match(await docker.run('ps --format', '{{.Status}}'), /\(healthy\)/);
  await docker.run('exec patient touch /ill');
  await events.hears(/health_status: unhealthy\n/);
  assert.match(await docker.run('ps --filter health=unhealthy --format', '{{.Names}} {{.Status}}'), /^patient .*\(unhealthy\)/);
  assert.equal(await docker.inspect('patient', '{{.State.Health.Status}} {{(index .State.Health.Log 0).ExitCode}}'), 'unhealthy 0');
  await docker.run('rm -f patient');
});

test('docker events tells containers, images, networks and volumes, and filters them', async () => {
  await using all = docker.open('events --since 0s --format', '{{.Type}} {{.Action}} {{.Actor.ID}} {{.Actor.Attributes.name}}');
  await using volumes = docker.open('events --since 0s --filter type=volume --format', '{{.Type}} {{.Action}} {{.Actor.ID}}');
  await docker.run('network create lane');
  await docker.run('run --name actor --network lane -v store:/s busybox true');
  await docker.run('rm actor');
  await docker.run('network rm lane');
  await docker.run('volume rm store');
  await docker.run('tag busybox other:1');
  await docker.run('rmi other:1');
  for (const line of [
    'network create \\S+ lane',
    'volume create store',
    'container create \\S+ actor',
    'network connect \\S+ lane',
    'container start \\S+ actor',
    'container die \\S+ actor',
    'network disconnect \\S+ lane',
    'container destroy \\S+ actor',
    'network destroy \\S+ lane',
    'volume destroy store',
    'image tag \\S+ other:1',
    'image untag \\S+ other:1',
  ])
    await all.hears(new RegExp(line));
  await volumes.hears(/^volume create store\nvolume mount store\nvolume unmount store\nvolume destroy store\n$/);
});

test('docker diff, commit and export show what the container wrote', async () => {
  await docker.run('run --name writer busybox sh -c', 'echo new > /etc/new; rm /etc/group; echo more >> /etc/passwd');
  assert.deepEqual((await docker.run('diff writer')).trim().split('\n').sort(), ['A /etc/new', 'C /etc', 'C /etc/passwd', 'D /etc/group']);
  await docker.run('commit -c', 'CMD ["cat", "/etc/new"]', 'writer', 'written:1');
  assert.equal(await docker.run('run --rm written:1'), 'new\n');
  assert.equal((await docker.outcome('run --rm written:1 cat /etc/group')).status, 1);
  const listing = await docker.inside(['sh', '-c', 'docker export writer | tar tf -']);
  assert.match(listing, /etc\/new/);
  assert.doesNotMatch(listing, /etc\/group/);
  await docker.run('rm writer');
  await docker.run('rmi written:1');
});

test('docker info, version and system df answer', async () => {
  assert.match(await docker.run('info --format', '{{.ServerVersion}} {{.Driver}} {{.OSType}} {{.Images}}'), /^\d+\.\d+\.\d+ overlay2 linux 1\n$/);
  assert.match(await docker.run('version --format', '{{.Server.APIVersion}}'), /^1\.\d+\n$/);
  await docker.run('run --name weight busybox dd if=/dev/zero of=/blob bs=1000 count=5000');
  const df = await docker.run('system df --format', '{{.Type}} {{.TotalCount}} {{.Active}} {{.Size}} {{.Reclaimable}}');
  assert.match(df, /^Images 1 1 \S+ 0B \(0%\)$/m);
  assert.match(df, /^Containers 1 0 5MB 5MB/m);
  await docker.run('rm weight');
});

test('prunes remove what nothing uses and nothing else', async () => {
  await docker.run('run --name ended busybox true');
  await docker.run('run -d --name lives -v kept:/k busybox', ...LASTING);
  await docker.run('network create unused');
  await docker.run('volume create unused-named');
  await docker.run('create --name anonymous -v /data busybox true');
  await docker.run('rm anonymous');
  assert.match(await docker.run('container prune -f'), /Deleted Containers/);
  assert.match(await docker.run('network prune -f'), /unused/);
  assert.match(await docker.run('volume prune -f'), /[0-9a-f]{64}/);
  assert.equal(await docker.run('volume ls -q'), 'kept\nunused-named\n');
  assert.match(await docker.run('volume prune -af'), /unused-named/);
  assert.equal(await docker.run('volume ls -q'), 'kept\n');
  await docker.feed('FROM busybox\nRUN echo x > /x\n', 'build -q -t pruned -');
  await docker.feed('FROM busybox\nRUN echo y > /x\n', 'build -q -t pruned -');
  assert.match(await docker.run('image prune -f'), /deleted: sha256:/);
  assert.equal(await docker.run('run --rm pruned cat /x'), 'y\n');
  await docker.run('system prune -af --volumes');
  assert.equal(await docker.run('images -q --no-trunc'), `${await docker.inspect('lives', '{{.Image}}')}\n`);
  await docker.run('rm -f lives');
  await docker.run('volume rm kept');
});
