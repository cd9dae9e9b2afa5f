import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { startDocker } from '../support/docker.ts';
import { output } from '../support/run.ts';

const docker = await startDocker();
after(() => docker[Symbol.asyncDispose]());

const DOCKERFILE = `ARG BASE=busybox
FROM \${BASE} AS build
ARG VERSION=1
ENV LEVEL=$VERSION
WORKDIR /src
COPY early.txt ./
RUN tr a-z A-Z < early.txt > out.txt
COPY late.txt ./
RUN echo "$LEVEL $(cat late.txt)" >> out.txt

FROM busybox
LABEL kind=test
ENV PATH=$PATH:/opt/bin
WORKDIR /app
COPY --from=build --chown=app:app /src/out.txt /app/
COPY --chown=1000:0 --chmod=640 late.txt .
RUN echo made > /made
EXPOSE 8080/tcp
USER app
HEALTHCHECK --interval=1s CMD test -f /app/out.txt
ENTRYPOINT ["cat"]
CMD ["/app/out.txt"]
`;

/** Makes a build context. */
async function context(name: string, files: Readonly<Record<string, string>>): Promise<string> {
  const folder = join(docker.daemon.folder, name);
  await mkdir(folder, { recursive: true });
  for (const [path, text] of Object.entries(files)) await writeFile(join(folder, path), text);
  return folder;
}

/** The words of the issue: `docker build … .` in the folder. */
const build = (folder: string, ...words: readonly string[]) => docker.daemon.docker(['build', ...words, '.'], { folder });
const imageId = (name: string) => docker.inspect(name, '{{.Id}}');

test('a Dockerfile of two stages builds, and the image is what it says', async () => {
  const folder = await context('app', { Dockerfile: DOCKERFILE, 'early.txt': 'early\n', 'late.txt': 'late\n' });
  const said = await output(build(folder, '-t', 'myimage'));
  assert.match(said, /Step 1\/21 : ARG BASE=busybox[\s\S]*Step 21\/21 : CMD[\s\S]*Successfully built [0-9a-f]{12}\nSuccessfully tagged myimage:latest/);
  assert.equal(await docker.run('run --rm myimage'), 'EARLY\n1 late\n');
  assert.equal(await docker.run('run --rm --entrypoint id myimage -un'), 'app\n');
  assert.equal(await docker.run('run --rm --entrypoint stat myimage -c', '%u:%g %a', '/app/out.txt', '/app/late.txt'), '1000:1000 644\n1000:0 640\n');
  assert.equal(
    await docker.inspect('myimage', '{{.Config.WorkingDir}} {{.Config.User}} {{.Config.Entrypoint}} {{.Config.Cmd}}'),
    '/app app [cat] [/app/out.txt]',
  );
  assert.equal(await docker.inspect('myimage', '{{json .Config.ExposedPorts}} {{.Config.Labels.kind}}'), '{"8080/tcp":{}} test');
  assert.equal(await docker.inspect('myimage', '{{json .Config.Healthcheck.Test}}'), '["CMD-SHELL","test -f /app/out.txt"]');
  assert.equal(await docker.inspect('myimage', '{{json .Config.Env}}'), '["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/bin"]');
  assert.match(await docker.run('history myimage'), /CMD \["\/app\/out.txt"\][\s\S]*Imported from/);
});

test('the same build again is answered from the cache: the same image, nothing run', async () => {
  const folder = join(docker.daemon.folder, 'app');
  const before = await imageId('myimage');
  const said = await output(build(folder, '-t', 'myimage'));
  assert.equal(said.match(/Using cache/g)?.length, 17);
  assert.doesNotMatch(said, /Running in/);
  assert.equal(await imageId('myimage'), before);
});

test('a changed file invalidates just what depends on it', async () => {
  const folder = join(docker.daemon.folder, 'app');
  await writeFile(join(folder, 'late.txt'), 'later\n');
  const said = await output(build(folder, '-t', 'myimage'));
  assert.match(said, /RUN tr a-z A-Z < early.txt > out.txt\n ---> Using cache/);
  assert.match(said, /COPY late.txt \.\/\n ---> [0-9a-f]{12}\n/);
  assert.match(said, /WORKDIR \/app\n ---> Using cache/);
  assert.match(said, /RUN echo made > \/made\n ---> Running in/);
  assert.equal(await docker.run('run --rm myimage'), 'EARLY\n1 later\n');
});

test('a build argument, a target, no cache and quiet do as they say', async () => {
  const folder = join(docker.daemon.folder, 'app');
  await output(build(folder, '-t', 'two', '--build-arg', 'VERSION=2'));
  assert.equal(await docker.run('run --rm two'), 'EARLY\n2 later\n');
  await output(build(folder, '-t', 'stage', '--target', 'build'));
  assert.equal(await docker.run('run --rm stage pwd'), '/src\n');
  const fresh = await output(build(folder, '-t', 'fresh', '--no-cache'));
  assert.doesNotMatch(fresh, /Using cache/);
  assert.equal(await output(build(folder, '-q', '-t', 'myimage')), `${await imageId('myimage')}\n`);
  assert.match(await output(build(folder, '--build-arg', 'NOBODY=1')), /\[Warning\] One or more build-args \[NOBODY\] were not consumed/);
  await docker.run('rmi two stage fresh');
});

test('what .dockerignore names is not there, and a Dockerfile may have another name', async () => {
  const folder = await context('ignoring', {
    Other: 'FROM busybox\nCOPY . /all\n',
    '.dockerignore': '*.log\n!keep.log\n',
    'a.log': '',
    'keep.log': '',
    'b.txt': '',
  });
  await output(build(folder, '-q', '-t', 'ignoring', '-f', 'Other'));
  assert.equal(await docker.run('run --rm ignoring ls -A /all'), '.dockerignore\nOther\nb.txt\nkeep.log\n');
  await docker.run('rmi ignoring');
});

for (const [dockerfile, status, said] of [
  ['FROM busybox\n\nRUN true\nFRMO x\n', 1, /line 4: unknown instruction: FRMO \(did you mean FROM\?\)/],
  ['FROM busybox\nRUN echo before; exit 7\n', 7, /The command '\/bin\/sh -c echo before; exit 7' returned a non-zero code: 7/],
  ['FROM busybox\nRUN ["nosuch"]\n', 1, /nosuch/],
  ['FROM busybox\nCOPY absent /\n', 1, /COPY failed.*absent/],
  ['FROM busybox\nCOPY --from=nostage /x /\n', 1, /Cannot pull docker.io\/library\/nostage:latest/],
  ['FROM busybox\nEXPOSE http\n', 1, /line 2: invalid containerPort: http/],
  ['', 1, /cannot be empty/],
] as const)
  test(`a build of ${JSON.stringify(dockerfile)} fails with words and leaves nothing`, async () => {
    const folder = await context('bad', { Dockerfile: dockerfile });
    const [before, images] = [await docker.baseline(), await docker.run('images -aq')];
    const outcome = await build(folder, '-t', 'bad');
    assert.equal(outcome.status, status);
    assert.match(outcome.stderr, said);
    assert.equal(await docker.run('images -aq'), images);
    await docker.settled(before);
  });

test('a build that its client leaves leaves nothing', async () => {
  const folder = await context('slow', { Dockerfile: 'FROM busybox\nRUN echo begun; sleep 600\n' });
  const before = await docker.baseline();
  {
    await using building = docker.open('build', folder);
    await building.hears(/begun/);
  }
  await docker.settled(before);
});

test('a pushed image is pulled again by its name with the same digest', async () => {
  const id = await imageId('myimage');
  await docker.run('tag myimage myregistry/myimage:1.0');
  const pushed = await docker.run('push myregistry/myimage:1.0');
  assert.match(pushed, /^The push refers to repository \[docker.io\/myregistry\/myimage\]\n/);
  assert.equal(pushed.match(/1\.0: digest:/g)?.length, 1);
  const digest = /1\.0: digest: (sha256:[0-9a-f]{64}) size: \d+\n$/.exec(pushed)?.[1];
  await docker.run('rmi -f', id);
  assert.match(await docker.refused('run --rm --pull never myregistry/myimage:1.0'), /No such image/);
  const pulled = await docker.run('pull myregistry/myimage:1.0');
  assert.match(pulled, new RegExp(`Digest: ${digest}\nStatus: Downloaded newer image for myregistry/myimage:1.0\n`));
  assert.equal(await imageId('myregistry/myimage:1.0'), id);
  assert.equal(await docker.inspect('myregistry/myimage:1.0', '{{index .RepoDigests 0}}'), `myregistry/myimage@${digest}`);
  assert.match(await docker.run('pull myregistry/myimage:1.0'), /Image is up to date/);
  assert.equal(await docker.run('run --rm myregistry/myimage:1.0'), 'EARLY\n1 later\n');
  assert.match(await docker.run('images --digests --format', '{{.Repository}}:{{.Tag}} {{.Digest}}'), new RegExp(`myregistry/myimage:1.0 ${digest}`));
});

test('a second push says that all layers are there, and a push under another name moves no layer', async () => {
  await docker.feed('FROM busybox\nRUN head -c 3000000 /dev/urandom > /big\n', 'build -q -t big -');
  const sent = async () => Number(await docker.inside(['cat', '/sys/class/net/lo/statistics/tx_bytes']));
  for (const name of ['localhost:5000/team/big', 'localhost:5000/other/big:2']) {
    await docker.run(`tag big ${name}`);
    const before = await sent();
    assert.match(await docker.run(`push ${name}`), /Mounted from/);
    assert.ok((await sent()) - before < 100_000);
    assert.match(await docker.run(`push ${name}`), /Layer already exists/);
  }
  await docker.run('rmi localhost:5000/team/big localhost:5000/other/big:2');
  assert.match(await docker.run('pull localhost:5000/team/big'), /Downloaded newer image for localhost:5000\/team\/big:latest/);
  assert.equal(await imageId('localhost:5000/team/big'), await imageId('big'));
});

test('a name that the registry does not know is told with the registry that was asked', async () => {
  assert.match(await docker.refused('pull myregistry/absent:1'), /Cannot pull docker\.io\/myregistry\/absent:1: registry 127\.0\.0\.1:5000 answered 404/);
  assert.match(
    await docker.refused('pull localhost:5000/team/big:absent'),
    /Cannot pull localhost:5000\/team\/big:absent: registry localhost:5000 answered 404/,
  );
});

test('the registry listens on loopback only, and what it keeps outlives rmi', async () => {
  const listening = await docker.inside(['ss', '-Hlnt']);
  assert.match(listening, /127\.0\.0\.1:5000/);
  assert.doesNotMatch(listening, /(0\.0\.0\.0|\*|192\.0\.2\.10):5000/);
  const tags = await docker.inside(['curl', '-s', 'http://127.0.0.1:5000/v2/team/big/tags/list']);
  assert.deepEqual(JSON.parse(tags), { name: 'team/big', tags: ['latest'] });
});

test('rmi untags, deletes with the last name, and refuses what a container uses', async () => {
  await docker.feed('FROM busybox\nRUN echo > /only\n', 'build -q -t used -');
  await docker.run('tag used second');
  assert.equal(await docker.run('rmi second'), 'Untagged: second:latest\n');
  await docker.run('run --name user used true');
  assert.match(await docker.refused('rmi used'), /image is being used by/);
  await docker.run('rm user');
  assert.match(await docker.run('rmi used'), /^Untagged: used:latest\nDeleted: sha256:/);
  assert.match(await docker.refused('rmi used'), /No such image: used/);
});

test('docker images lists names, hides what others were built upon and filters', async () => {
  const below = (await docker.feed('FROM busybox\nLABEL asked=yes\n', 'build -q -')).trim();
  await docker.feed(`FROM ${below}\nLABEL more=1\n`, 'build -q -t labelled -');
  assert.equal(await docker.run('images --format', '{{.Repository}}:{{.Tag}}', '--filter', 'label=asked=yes'), 'labelled:latest\n');
  assert.equal(await docker.run('images --format', '{{.Repository}}', '--filter', 'reference=lab*'), 'labelled\n');
  assert.equal(await docker.run('images -q busybox --no-trunc'), `${await imageId('busybox')}\n`);
  assert.ok((await docker.run('images -aq')).split('\n').length > (await docker.run('images -q')).split('\n').length);
  await docker.run('rmi labelled');
});

test('the registries file leads a name elsewhere only as long as its first line stands', async () => {
  const text = await readFile(join(docker.daemon.dataDir, 'registries.conf'), 'utf8');
  assert.match(text, /^# Written by Gantry[\s\S]*prefix = "docker.io\/myregistry"\nlocation = "127\.0\.0\.1:5000\/myregistry"/);
});
