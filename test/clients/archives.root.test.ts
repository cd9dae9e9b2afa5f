import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { after, afterEach, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { type Header, pack } from 'tar-stream';
import { LASTING, startDocker } from '../support/docker.ts';
import { type Answer, at, engineRequest } from '../support/engine-request.ts';

// What an archive must not do: leave the container or the folder it is for, or change anything when it is refused.

const docker = await startDocker();
after(() => docker[Symbol.asyncDispose]());

/** A folder of the machine that no archive may touch, and a file in it that none may read. */
const outside = join(docker.daemon.folder, 'outside');
const SECRET = 'the secret of the machine';
/** The same by a way up. */
const climbing = `${'../'.repeat(30)}${outside.slice(1)}`;

before(async () => {
  await mkdir(outside);
  await writeFile(join(outside, 'secret'), SECRET);
  await docker.run('run -d --name live busybox', ...LASTING);
  await docker.run('create --name idle busybox true');
  for (const name of ['live', 'idle']) await put(name, '/tmp', await tarOf([[{ name: 'marker' }, 'marker']]));
});
afterEach(async () => {
  assert.deepEqual(await readdir(outside), ['secret']);
  assert.equal(await readFile(join(outside, 'secret'), 'utf8'), SECRET);
});

type Entry = readonly [header: Partial<Header> & { readonly name: string }, content?: string];
async function tarOf(entries: readonly Entry[]): Promise<Buffer> {
  const archive = pack();
  for (const [header, content] of entries) archive.entry(header, content ?? '');
  archive.finalize();
  return await buffer(archive);
}

function put(name: string, path: string, body: Uint8Array): Promise<Answer> {
  const headers = { 'Content-Type': 'application/x-tar' };
  return engineRequest(docker.daemon.dockerSocket, 'PUT', `/containers/${name}/archive?path=${encodeURIComponent(path)}`, { body, headers });
}
const get = (name: string, path: string) => engineRequest(docker.daemon.dockerSocket, 'GET', `/containers/${name}/archive?path=${encodeURIComponent(path)}`);

/** Everything in the container's /tmp. */
const changed = async (name: string) =>
  (await docker.run(`diff ${name}`))
    .split('\n')
    .filter((line) => /^[ACD] \/(?!etc|dev|proc|sys)/.test(line))
    .sort()
    .join('\n');

for (const name of ['live', 'idle']) {
  test(`links that stand in a container lead no archive out of it (${name})`, async () => {
    for (const [link, target] of [
      ['absolute', outside],
      ['climbing', climbing],
    ] as const) {
      const first = await put(name, '/', await tarOf([[{ name: link, type: 'symlink', linkname: target }]]));
      assert.equal(first.status, 200);
      await put(name, '/', await tarOf([[{ name: `${link}/planted` }, 'planted']]));
      await put(name, '/', await tarOf([[{ name: `${link}/deep/planted` }, 'planted']]));
      await put(name, `/${link}`, await tarOf([[{ name: 'planted' }, 'planted']]));
      await put(name, '/', await tarOf([[{ name: `${link}/secret`, type: 'symlink', linkname: 'x' }]]));
      for (const path of [`/${link}/secret`, `/${link}/`, `/${link}/.`]) assert.ok(!(await get(name, path)).bytes.includes(SECRET), path);
    }
  });

  test(`a link and what is written through it in one archive stay inside (${name})`, async () => {
    const body = await tarOf([[{ name: 'way', type: 'symlink', linkname: outside }], [{ name: 'way/planted' }, 'planted']]);
    await put(name, '/tmp', body);
    // As for a process inside, the link leads to a folder of the container.
    const found = await get(name, `${outside}/planted`);
    assert.ok(found.status === 404 || found.bytes.includes('planted'));
  });

  test(`a hard link to a file outside is none (${name})`, async () => {
    for (const linkname of [`${outside}/secret`, `${climbing}/secret`]) {
      const { status } = await put(name, '/tmp', await tarOf([[{ name: 'hard', type: 'link', linkname }]]));
      assert.equal(status, 400, linkname);
      assert.equal((await get(name, '/tmp/hard')).status, 404);
    }
  });

  for (const [what, make, status] of [
    [
      'a path that climbs',
      () =>
        tarOf([
          [{ name: 'fine' }, 'fine'],
          [{ name: '../../planted' }, 'planted'],
        ]),
      400,
    ],
    [
      'an archive that ends in the middle of a file',
      async () =>
        (
          await tarOf([
            [{ name: 'fine' }, 'fine'],
            [{ name: 'cut' }, 'x'.repeat(5000)],
          ])
        ).subarray(0, 4000),
      400,
    ],
    [
      'a length that is a lie',
      async () =>
        lengthened(
          await tarOf([
            [{ name: 'fine' }, 'fine'],
            [{ name: 'long' }, 'short'],
          ]),
          'long',
          '00000100000',
        ),
      400,
    ],
    [
      'a check sum that is wrong',
      async () =>
        spoiled(
          await tarOf([
            [{ name: 'fine' }, 'fine'],
            [{ name: 'spoiled' }, 'x'],
          ]),
          'spoiled',
        ),
      400,
    ],
    ['compressed rubbish', () => Promise.resolve(gzipSync('no archive'.repeat(100))), 400],
    ['what is too large for the machine, compressed', () => Promise.resolve(bomb()), 413],
  ] as const)
    test(`${what} is refused and changes nothing (${name})`, async () => {
      const before = await changed(name);
      const answer = await put(name, '/tmp', await make());
      assert.equal(answer.status, status, answer.bytes.toString());
      assert.match(String(at(answer.json, 'message')), /archive/);
      assert.equal(await changed(name), before);
      assert.deepEqual(await readdir(join(docker.daemon.dataDir, 'engine/incoming')), []);
    });
}

/** The header of an entry with another length, its check sum set right. */
function lengthened(archive: Buffer, name: string, octal: string): Buffer {
  const start = archive.indexOf(`${name}\0`);
  archive.write(`${octal}\0`, start + 124, 'latin1');
  return summed(archive, start);
}

function summed(archive: Buffer, start: number): Buffer {
  archive.fill(' ', start + 148, start + 156);
  const sum = archive.subarray(start, start + 512).reduce((total, byte) => total + byte, 0);
  archive.write(`${sum.toString(8).padStart(6, '0')}\0 `, start + 148, 'latin1');
  return archive;
}

function spoiled(archive: Buffer, name: string): Buffer {
  const start = archive.indexOf(`${name}\0`);
  archive[start + 101] = 0x39;
  return archive;
}

/** A few hundred bytes that say they are files of 8 GiB each, more than any disk of a test has. */
function bomb(): Buffer {
  const archive = Buffer.alloc(512);
  archive.write('bomb\0', 0, 'latin1');
  archive.write('0000644\0', 100, 'latin1');
  archive.write('0', 156, 'latin1');
  archive.write('ustar\x0000', 257, 'latin1');
  // GNU's base 256: 2^62 bytes.
  archive.fill(0, 124, 136);
  archive[124] = 0x80;
  archive[128] = 0x40;
  return gzipSync(summed(archive, 0));
}

test('devices and pipes are made inside, and their permissions are as written', async () => {
  const body = await tarOf([
    [{ name: 'null', type: 'character-device', devmajor: 1, devminor: 3, mode: 0o666 }],
    [{ name: 'pipe', type: 'fifo', mode: 0o622 }],
    [{ name: 'folder', type: 'directory', mode: 0o750, mtime: new Date(1e12) }],
    [{ name: 'folder/ünï', mode: 0o4711 }, 'named'],
    [{ name: 'hard', type: 'link', linkname: 'folder/ünï' }],
  ]);
  assert.equal((await put('live', '/tmp', body)).status, 200);
  const said = await docker.run(
    'exec live sh -c',
    'cd /tmp; stat -c "%n %F %a" null pipe folder folder/*; stat -c %Y folder; stat -c %h hard; cat folder/*; cat null',
  );
  assert.equal(said, 'null character special file 666\npipe fifo 622\nfolder directory 750\nfolder/ünï regular file 4711\n1000000000\n2\nnamed');
});

test('a folder is not put in place of a file, nor a file in place of a folder, when that is asked for', async () => {
  await put('live', '/tmp', await tarOf([[{ name: 'kept', type: 'directory' }], [{ name: 'kept/inside' }, 'x'], [{ name: 'plain' }, 'x']]));
  const ask = (body: Uint8Array, query: string) =>
    engineRequest(docker.daemon.dockerSocket, 'PUT', `/containers/live/archive?path=/tmp${query}`, { body, headers: { 'Content-Type': 'application/x-tar' } });
  for (const entry of [{ name: 'kept' }, { name: 'plain', type: 'directory' }] as const)
    assert.equal((await ask(await tarOf([[entry]]), '&noOverwriteDirNonDir=1')).status, 400);
  assert.equal(await docker.run('exec live cat /tmp/kept/inside'), 'x');
  assert.equal((await ask(await tarOf([[{ name: 'kept' }, 'file now']]), '')).status, 200);
  assert.equal(await docker.run('exec live cat /tmp/kept'), 'file now');
});

test('a build reads and writes nothing outside of its context', async () => {
  const build = (body: Buffer) => engineRequest(docker.daemon.dockerSocket, 'POST', '/build?q=1', { body, headers: { 'Content-Type': 'application/x-tar' } });
  for (const entries of [
    [[{ name: 'Dockerfile' }, 'FROM busybox\nCOPY link /x\nRUN cat /x >&2\n'], [{ name: 'link', type: 'symlink', linkname: `${outside}/secret` }]],
    [[{ name: 'Dockerfile' }, 'FROM busybox\nCOPY way/secret /x\nRUN cat /x >&2\n'], [{ name: 'way', type: 'symlink', linkname: outside }]],
    [[{ name: 'Dockerfile', type: 'symlink', linkname: `${outside}/secret` }]],
    [[{ name: 'Dockerfile' }, 'FROM busybox\nADD planted /x\n'], [{ name: 'way', type: 'symlink', linkname: outside }], [{ name: 'way/planted' }, 'planted']],
    [[{ name: 'Dockerfile' }, `FROM busybox\nCOPY hard /x\nRUN cat /x >&2\n`], [{ name: 'hard', type: 'link', linkname: `${outside}/secret` }]],
    [
      [{ name: 'Dockerfile' }, 'FROM busybox\n'],
      [{ name: `${climbing}/planted` }, 'planted'],
    ],
  ] satisfies readonly (readonly Entry[])[]) {
    const said = (await build(await tarOf(entries))).bytes.toString();
    assert.ok(!said.includes(SECRET), said);
  }
});

test('a load of what leads out is refused', async () => {
  const images = await docker.run('images -aq');
  const load = (body: Buffer) => engineRequest(docker.daemon.dockerSocket, 'POST', '/images/load', { body, headers: { 'Content-Type': 'application/x-tar' } });
  const manifest = (config: string, layer: string) => JSON.stringify([{ Config: config, RepoTags: ['evil:1'], Layers: [layer] }]);
  for (const entries of [
    [[{ name: 'manifest.json' }, manifest('way', 'way')], [{ name: 'way', type: 'symlink', linkname: `${outside}/secret` }]],
    [[{ name: 'manifest.json' }, manifest(`${climbing}/secret`, `${climbing}/secret`)]],
    [[{ name: 'manifest.json', type: 'symlink', linkname: `${outside}/secret` }]],
    [[{ name: '../../planted' }, 'planted']],
    [[{ name: 'manifest.json' }, '{']],
  ] satisfies readonly (readonly Entry[])[]) {
    const { status, bytes } = await load(await tarOf(entries));
    assert.ok(status >= 400 || bytes.includes('errorDetail'), bytes.toString());
    assert.ok(!bytes.includes(SECRET));
  }
  assert.equal(await docker.run('images -aq'), images);
});

test('a layer of an image that climbs, or goes through a link, touches nothing outside', async () => {
  for (const entries of [
    [[{ name: 'way', type: 'symlink', linkname: outside }], [{ name: 'way/planted' }, 'planted']],
    [[{ name: `${climbing}/planted` }, 'planted']],
    [[{ name: 'hard', type: 'link', linkname: `${outside}/secret` }]],
  ] satisfies readonly (readonly Entry[])[]) {
    const { bytes, status } = await engineRequest(docker.daemon.dockerSocket, 'POST', '/images/create?fromSrc=-&repo=evil', { body: await tarOf(entries) });
    assert.ok(status >= 400 || bytes.includes('errorDetail'), `${status} ${bytes.toString()}`);
  }
});

test('docker cp itself follows no link out, both ways', async () => {
  const folder = join(docker.daemon.folder, 'mine');
  await mkdir(join(folder, 'absolute'), { recursive: true });
  await writeFile(join(folder, 'absolute/planted'), 'planted');
  await symlink(`${outside}/secret`, join(folder, 'link'));
  await docker.outcome('cp', `${folder}/.`, 'live:/');
  await docker.outcome('cp', 'live:/climbing', join(docker.daemon.folder, 'copied'));
  assert.ok(!existsSync(join(outside, 'planted')));
});

for (const path of ['/images/load', '/build', '/images/create?fromSrc=-'])
  test(`what is too large for the machine is refused by ${path}, and nothing of it stays`, async () => {
    const images = await docker.run('images -aq');
    const before = await docker.footprint();
    const { status, bytes } = await engineRequest(docker.daemon.dockerSocket, 'POST', path, { body: bomb() });
    assert.ok(status >= 400 || bytes.includes('errorDetail'), `${status} ${bytes.toString()}`);
    assert.equal(await docker.run('images -aq'), images);
    assert.deepEqual((await docker.footprint()).folders, before.folders);
  });
