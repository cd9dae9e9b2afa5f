import assert from 'node:assert/strict';
import { utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { makeContext } from '../support/context.ts';
import { startDocker } from '../support/docker.ts';
import { eventually } from '../support/eventually.ts';
import { output } from '../support/run.ts';

const docker = await startDocker();
after(() => docker[Symbol.asyncDispose]());

const at = (name: string) => join(docker.daemon.folder, name);
const build = (folder: string, ...words: readonly string[]) => output(docker.daemon.docker(['build', ...words, '.'], { folder }));
const ran = (said: string) => (said.match(/Running in/g) ?? []).length;

test('stages that need nothing of each other run at the same time; their lines stay together', async () => {
  const stage = (name: string) => `FROM busybox AS ${name}\nRUN for i in 1 2 3; do echo ${name}$i; cut -d ' ' -f 1 /proc/uptime >> /times; sleep 0.4; done\n`;
  const names = ['a', 'b', 'c'];
  const copies = names.map((name) => `COPY --from=${name} /times /${name}\n`).join('');
  const said = await docker.feed(`${names.map(stage).join('')}FROM busybox\n${copies}`, 'build -t together -');
  for (const name of names) assert.match(said, new RegExp(`${name}1\n${name}2\n${name}3\n`));
  const times = await Promise.all(names.map(async (name) => (await docker.run('run --rm together cat', `/${name}`)).trim().split('\n').map(Number)));
  // Each began before any other had ended.
  const [begun, ended] = [times.map((list) => list[0] ?? 0), times.map((list) => list.at(-1) ?? 0)];
  for (const first of begun) for (const last of ended) assert.ok(first < last, said);
});

test('what the target does not need is not run, and equal steps are run once', async () => {
  const dockerfile =
    'FROM busybox AS never\nRUN exit 9\nFROM busybox AS one\nRUN echo same; cat /proc/uptime > /t\nFROM busybox AS two\nRUN echo same; cat /proc/uptime > /t\nFROM busybox\nCOPY --from=one /t /1\nCOPY --from=two /t /2\n';
  const said = await docker.feed(dockerfile, 'build -t equal -');
  assert.equal(ran(said), 1);
  assert.equal(await docker.run('run --rm equal cmp /1 /2'), '');
});

test('two builds at the same time make equal steps once', async () => {
  const dockerfile = 'FROM busybox\nRUN sleep 1; cat /proc/uptime > /t\n';
  const [one, two] = await Promise.all(['one', 'two'].map((name) => docker.feed(dockerfile, 'build -t', name, '-')));
  assert.equal(ran(one ?? '') + ran(two ?? ''), 1);
  assert.equal(await docker.inspect('one', '{{.Id}}'), await docker.inspect('two', '{{.Id}}'));
});

test('the cache goes by content: not by times, nor by labels above; and outlives a kill of the daemon', async () => {
  const dockerfile = (label: string) => `FROM busybox\nLABEL version=${label}\nCOPY a /a\nRUN cat /a > /b\n`;
  const folder = await makeContext(at('content'), { a: 'text\n', Dockerfile: dockerfile('1') });
  assert.equal(ran(await build(folder, '-t', 'first')), 1);
  await utimes(join(folder, 'a'), 1, 1);
  assert.equal(ran(await build(folder)), 0);
  await writeFile(join(folder, 'Dockerfile'), dockerfile('2'));
  assert.equal(ran(await build(folder, '-t', 'second')), 0);
  assert.equal(await docker.inspect('second', '{{.Config.Labels.version}}'), '2');
  await docker.daemon.crash();
  await docker.daemon.restart();
  assert.equal(ran(await build(folder, '-t', 'third')), 0);
  assert.equal(await docker.inspect('third', '{{.Id}}'), await docker.inspect('second', '{{.Id}}'));
  await writeFile(join(folder, 'a'), 'other\n');
  assert.equal(ran(await build(folder)), 1);
});

test('a kill of the daemon in the middle of a build leaves nothing, and what was done is not done again', async () => {
  const folder = await makeContext(at('killed'), { Dockerfile: 'FROM busybox\nRUN echo once > /once\nRUN echo begun; sleep 600\n' });
  const before = await docker.baseline();
  {
    await using building = docker.open('build', folder);
    await building.hears(/begun/);
    await docker.daemon.crash();
  }
  await docker.daemon.restart();
  await docker.settled(before);
  await writeFile(join(folder, 'Dockerfile'), 'FROM busybox\nRUN echo once > /once\n');
  assert.equal(ran(await build(folder)), 0);
});

test('df shows the cache, prune keeps what images have unless told, and filters', async () => {
  await docker.feed('FROM busybox\nRUN echo kept > /kept\n', 'build -t keeper -');
  await docker.feed('FROM busybox\nRUN echo loose > /loose\n', 'build -t loose -');
  await docker.run('rmi loose');
  const shown = async () => JSON.parse(await docker.run('system df -v --format', '{{json .BuildCache}}')) as { Description: string; Shared: string }[]; // as docker writes it
  const named = async (word: string) => (await shown()).filter(({ Description }) => Description.includes(word));
  assert.equal((await named('/loose')).length, 1);
  await docker.run('builder prune -f --filter until=1h');
  assert.equal((await named('/loose')).length, 1);
  await docker.run('builder prune -f');
  assert.deepEqual([(await named('/loose')).length, (await named('/kept')).length], [0, 1]);
  assert.equal(ran(await docker.feed('FROM busybox\nRUN echo kept > /kept\n', 'build -')), 0);
  await docker.run('builder prune -af');
  assert.deepEqual(await shown(), []);
  assert.equal(await docker.run('run --rm keeper cat /kept'), 'kept\n');
});

test('an image carries its cache where it is asked to, and another build takes it from there', async () => {
  const folder = await makeContext(at('inline'), { a: '', Dockerfile: 'FROM busybox\nCOPY a /a\nRUN cat /proc/uptime > /b\n' });
  await build(folder, '-t', 'localhost:5000/carrier', '--build-arg', 'BUILDKIT_INLINE_CACHE=1');
  await docker.run('push localhost:5000/carrier');
  await docker.run('rmi localhost:5000/carrier');
  await docker.run('builder prune -af');
  assert.match(
    await build(folder, '--cache-from', 'localhost:5000/absent'),
    /\[Warning\] The cache source localhost:5000\/absent is not used: [\s\S]*Running in/,
  );
  await docker.run('builder prune -af');
  assert.equal(ran(await build(folder, '--cache-from', 'localhost:5000/carrier')), 0);
});

test('with SOURCE_DATE_EPOCH the same files give the same image, whoever builds it and when', async () => {
  await using other = await startDocker();
  await docker.run('save -o', at('base.tar'), 'busybox');
  await docker.run('load -i', at('base.tar'));
  await other.run('load -i', at('base.tar'));
  const digests: string[] = [];
  for (const machine of [docker, other]) {
    const folder = await makeContext(join(machine.daemon.folder, 'reproducible'), {
      'd/a': 'a\n',
      Dockerfile:
        'FROM busybox AS b\nRUN mkdir /out && date > /dev/null && echo x > /out/x\nFROM busybox\nWORKDIR /w\nCOPY d d/\nCOPY --from=b /out /out\nRUN touch /new && rm /bin/ls\nLABEL a=1\n',
    });
    await utimes(join(folder, 'd/a'), 1_800_000_000, 1_800_000_000);
    await output(machine.daemon.docker(['build', '-t', 'same', '--build-arg', 'SOURCE_DATE_EPOCH=1700000000', '.'], { folder }));
    digests.push(await machine.inspect('same', '{{.Id}} {{.Created}} {{.RootFS.Layers}}'));
  }
  assert.equal(digests[0], digests[1]);
  assert.match(digests[0] ?? '', / 2023-11-14T22:13:20/);
});

test('gantry build writes folders and archives', async () => {
  const folder = await makeContext(at('outputs'), { Dockerfile: 'FROM scratch\nCOPY file /d/\n', file: 'text\n' });
  const images = await docker.run('images -aq');
  const gantry = (...words: readonly string[]) => output(docker.daemon.gantry(['build', ...words, folder]));
  await gantry('-o', at('written'));
  assert.equal(await docker.inside(['cat', join(at('written'), 'd/file')]), 'text\n');
  await gantry('-o', `type=tar,dest=${at('written.tar')}`);
  assert.match(await docker.inside(['tar', '-tf', at('written.tar')]), /d\/file/);
  await gantry('-t', 'archived', '-o', `type=oci,dest=${at('oci.tar')}`);
  assert.match(await docker.inside(['tar', '-tf', at('oci.tar')]), /oci-layout/);
  await docker.run('rmi archived');
  assert.equal(await docker.run('images -aq'), images);
  await eventually('the containers to go', async () => (await docker.run('ps -aq')) === '');
});

test('what is not done is refused in words', async () => {
  const refused = (line: string) => docker.refusedFeed('FROM busybox\n', line);
  assert.match(await refused('build --squash -'), /squash/);
  assert.match(await refused('build --platform linux/s390x -'), /platform linux\/s390x is not supported: this machine builds linux\//);
  assert.match(await refused('build --cgroup-parent x -'), /cgroupparent/);
});
