import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { makeContext } from '../support/context.ts';
import { startDocker } from '../support/docker.ts';
import { output, run } from '../support/run.ts';

const docker = await startDocker();
after(() => docker[Symbol.asyncDispose]());

const at = (name: string) => join(docker.daemon.folder, name);
const gantry = (folder: string, ...words: readonly string[]) => docker.daemon.gantry(['build', ...words, folder]);
/** A Dockerfile alone, built with contexts; what its image says. */
async function says(dockerfile: string, contexts: readonly string[], script: string): Promise<string> {
  const folder = await makeContext(at('main'), { Dockerfile: dockerfile });
  await output(gantry(folder, '-q', '-t', 'named', ...contexts.flatMap((text) => ['--build-context', text])));
  return await docker.run('run --rm named sh -c', script);
}

test('a folder has a name: COPY, a mount and a stage take its files, less what its own .dockerignore names', async () => {
  const other = await makeContext(at('other'), { 'kept.txt': 'kept\n', 'skip.log': 'x', '.dockerignore': '*.log\n', 'bin/one': 'one\n' });
  const main = `FROM busybox
COPY --from=other . /all/
COPY --from=other /bin/o* /some/
RUN --mount=from=other,target=/m --mount=from=other,target=/w,rw,source=bin ls -A /m > /seen && echo new > /w/new
`;
  assert.equal(
    await says(main, [`other=${other}`], 'ls -A /all; cat /all/kept.txt /some/one /seen; stat -c "%u:%g" /all/kept.txt'),
    '.dockerignore\nbin\nkept.txt\nkept\none\n.dockerignore\nbin\nkept.txt\n0:0\n',
  );
  const asBase = 'FROM other AS files\nFROM busybox\nCOPY --from=files /kept.txt /\nCOPY --from=plain / /plain/\nRUN ls /plain >> /kept.txt\n';
  const plain = await makeContext(at('plain'), { alone: '' });
  assert.equal(await says(asBase, [`other=${other}`, `plain=${plain}`], 'cat /kept.txt'), 'kept\nalone\n');
});

test('what a context holds is part of the cache key, and its place and its times are not', async () => {
  const [one, two] = [await makeContext(at('one'), { f: 'same\n' }), await makeContext(at('two'), { f: 'same\n' })];
  const folder = await makeContext(at('cached'), { Dockerfile: 'FROM busybox\nCOPY --from=data f /f\nRUN --mount=from=data,target=/d cat /d/f > /g\n' });
  const hits = async (data: string) =>
    (await output(gantry(folder, '--progress', 'plain', '--build-context', `data=${data}`))).match(/Using cache/g)?.length ?? 0;
  assert.equal(await hits(one), 0);
  assert.equal(await hits(two), 2);
  await writeFile(join(two, 'f'), 'other\n');
  assert.equal(await hits(two), 0);
});

test('a context stands in place of the stage and of the image of its name', async () => {
  const dockerfile = `FROM nowhere.invalid/base:1 AS tools
RUN exit 1
FROM library/busybox:latest
COPY --from=tools /etc/mine /from-tools
COPY --from=nowhere.invalid/base:1 /etc/mine /from-image
RUN echo "$MARK" > /mark
`;
  await docker.feed('FROM busybox\nENV MARK=given\nRUN echo mine > /etc/mine\nONBUILD RUN echo fired > /fired\n', 'build -q -t mine -');
  const image = 'docker-image://mine';
  assert.equal(
    await says(dockerfile, [`tools=${image}`, `busybox=${image}:latest`, `nowhere.invalid/base:1=${image}`], 'cat /from-tools /from-image /mark /fired'),
    'mine\nmine\ngiven\nfired\n',
  );
  const scratch = await says('FROM busybox\nCOPY --from=empty / /empty/\n', ['empty=docker-image://scratch'], 'ls -A /empty; echo end');
  assert.equal(scratch, 'end\n');
});

test('an image of an OCI layout is brought for the build, and goes when it is over', async () => {
  await docker.feed('FROM busybox\nRUN echo laid > /laid\n', 'build -q -t laid -');
  const layout = at('layout');
  await mkdir(layout);
  await docker.inside(['sh', '-c', `docker save laid | tar -x -C ${layout} && docker rmi laid && docker builder prune -af`]);
  const before = await docker.run('images -aq --no-trunc');
  for (const source of [layout, `${layout}:latest`])
    assert.equal(await says('FROM busybox\nCOPY --from=x /laid /l\n', [`x=oci-layout://${source}`], 'cat /l'), 'laid\n');
  await docker.run('rmi named');
  assert.equal(await docker.run('images -aq --no-trunc'), before);
  assert.equal(await says('FROM x\n', [`x=oci-layout://${layout}`], 'cat /laid'), 'laid\n');
  const folder = await makeContext(at('main'), { Dockerfile: 'FROM x\n' });
  assert.match((await gantry(folder, '--build-context', `x=oci-layout://${layout}:nope`)).stderr, /has no image nope/);
});

test('a context that cannot be used is refused in words', async () => {
  const folder = await makeContext(at('main'), { Dockerfile: 'FROM busybox\nCOPY --from=x . /\n' });
  for (const [source, said] of [
    ['x', /write NAME=FOLDER/],
    ['X=.', /write NAME=FOLDER/],
    ['x=', /write NAME=FOLDER/],
    ['x=/nowhere', /there is no folder \/nowhere/],
    ['x=https://example.com/file', /end in \.git/],
  ] as const) {
    const { status, stderr } = await gantry(folder, '--build-context', source);
    assert.match(stderr, said);
    assert.notEqual(status, 0);
  }
  const header = Buffer.from(JSON.stringify({ contexts: { x: 'sent://none' } })).toString('base64url');
  await output(run(['tar', '-cf', 'm.tar', 'Dockerfile'], { folder }));
  const post = ['curl', '-s', '--unix-socket', docker.daemon.dockerSocket, '-H', `X-Gantry-Build: ${header}`, '--data-binary', '@m.tar', 'http://d/build'];
  assert.match(
    await docker.inside(['sh', '-c', `cd ${folder} && ${post.map((word) => `'${word}'`).join(' ')}`]),
    /The context \\"x\\" is not here, or not any more/,
  );
});
