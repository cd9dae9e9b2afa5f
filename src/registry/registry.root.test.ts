import assert from 'node:assert/strict';
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, createReadStream, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { silentLogger, systemClock, systemRandom } from '#kit';
import { openImageStore, parseReference, parseRegistries } from '#image';
import { createRegistry } from './index.ts';

// Runs itself again in namespaces of its own: nothing of it is seen outside, and no port is taken.
const isInside = process.env.GANTRY_TEST_NAMESPACE === 'registry';
if (!isInside) {
  test('registry in namespaces of its own', { skip: process.getuid?.() === 0 ? false : 'needs root' }, () => {
    const { NODE_TEST_CONTEXT: _outer, ...environment } = process.env;
    const result = spawnSync(
      'unshare',
      ['-m', '-n', '--propagation', 'private', 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh', process.execPath, '--test', import.meta.filename],
      {
        env: { ...environment, GANTRY_TEST_NAMESPACE: 'registry' },
        encoding: 'utf8',
      },
    );
    assert.equal(result.status, 0, `${result.stdout}\n${result.stderr}`);
  });
}

const PORT = 5_000;
const REGISTRIES = `
[[registry]]
prefix = "docker.io/myregistry"
location = "127.0.0.1:${PORT}/myregistry"
insecure = true
`;

const unexpected = () => assert.fail('nothing is mounted here');
const NO_MOUNTS = { mount: unexpected, mountInBackground: unexpected, unmount: unexpected, turn: unexpected, list: unexpected };

async function stand(folder: string, name: string) {
  const store = await openImageStore({
    dataDir: join(folder, name),
    linux: { mounts: NO_MOUNTS },
    clock: systemClock,
    random: systemRandom,
    logger: silentLogger,
    registries: parseRegistries(REGISTRIES, 'test'),
  });
  return { ...store, [Symbol.asyncDispose]: () => store.stop() };
}

async function withRegistry(
  use: (place: { folder: string; store: Awaited<ReturnType<typeof stand>>; url: string; restart: () => Promise<void> }) => Promise<void>,
) {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-test-registry-'));
  await using store = await stand(folder, 'data');
  const make = () =>
    createRegistry({ images: store.images, dataDir: join(folder, 'registry'), clock: systemClock, random: systemRandom, logger: silentLogger });
  let registry = make();
  await registry.listen({ host: '127.0.0.1', port: PORT });
  try {
    const restart = async () => {
      await registry.stop();
      registry = make();
      await registry.listen({ host: '127.0.0.1', port: PORT });
    };
    await use({ folder, store, url: `http://127.0.0.1:${PORT}/v2`, restart });
  } finally {
    await registry.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function busyboxTar(folder: string): string {
  mkdirSync(join(folder, 'rootfs/bin'), { recursive: true });
  copyFileSync('/bin/busybox', join(folder, 'rootfs/bin/busybox'));
  const tar = join(folder, 'rootfs.tar');
  execFileSync('tar', ['-C', join(folder, 'rootfs'), '-cf', tar, '.']);
  return tar;
}

async function curl(...words: string[]): Promise<string> {
  return (await promisify(execFile)('curl', ['-sS', '-i', '--max-time', '10', ...words])).stdout;
}
const digest = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`;

test('push moves no bytes, rmi and pull give the same digest; another store pulls it whole', { skip: !isInside }, async () => {
  await withRegistry(async ({ folder, store: { images }, restart }) => {
    const built = await images.importTar(createReadStream(busyboxTar(folder)), { config: { Cmd: ['sh'] }, name: parseReference('myimage') });
    await images.tag('myimage', parseReference('myregistry/myimage:1.0'));
    const said: string[] = [];
    const pushed = await images.push(parseReference('myregistry/myimage:1.0'), { progress: ({ status }) => said.push(status) });
    assert.ok(said.includes('Mounted from myregistry/myimage'), said.join('\n'));
    assert.ok(said.includes(`1.0: digest: ${pushed.digest} size: ${pushed.size}`));
    assert.equal(pushed.digest, built.manifestDigest);
    await images.push(parseReference('myregistry/myimage:1.0'), { progress: ({ status }) => said.push(status) });
    assert.ok(said.includes('Layer already exists'));

    await images.remove('myregistry/myimage:1.0', { force: false });
    const removals = await images.remove('myimage', { force: false });
    assert.ok(removals.some((removal) => 'deleted' in removal));
    await assert.rejects(images.resolve('myimage'), { code: 'IMAGE_UNKNOWN' });
    await restart();
    const pulls: string[] = [];
    const pulled = await images.pull(parseReference('myregistry/myimage:1.0'), { progress: ({ status }) => pulls.push(status) });
    assert.equal(pulled.id, built.id);
    assert.equal(pulled.manifestDigest, built.manifestDigest);
    assert.ok(pulls.includes('Already exists') && pulls.includes(`Digest: ${built.manifestDigest}`), pulls.join('\n'));
    assert.deepEqual(pulled.digests, [`docker.io/myregistry/myimage@${built.manifestDigest}`]);

    await using other = await stand(folder, 'other');
    const steps: string[] = [];
    const far = await other.images.pull(parseReference('myregistry/myimage:1.0'), { progress: ({ status }) => steps.push(status) });
    assert.equal(far.id, built.id);
    assert.ok(steps.includes('Pull complete') && steps.includes('Status: Downloaded newer image for myregistry/myimage:1.0'), steps.join('\n'));
    await other.images.tag('myregistry/myimage:1.0', parseReference('myregistry/copy:2'));
    const copied: string[] = [];
    await other.images.push(parseReference('myregistry/copy:2'), { progress: ({ status }) => copied.push(status) });
    assert.ok(copied.includes('Mounted from myregistry/myimage'), copied.join('\n'));
    await images.remove('myregistry/myimage:1.0', { force: false });
    await images.collect();
    assert.ok(await images.content.stat(built.manifestDigest), 'a repository keeps its blobs');
  });
});

test('an image that is nowhere names the registry that was asked', { skip: !isInside }, async () => {
  await withRegistry(async ({ store: { images } }) => {
    await assert.rejects(
      images.pull(parseReference('myregistry/none:1'), {}),
      /registry 127\.0\.0\.1:5000 answered 404: repository myregistry\/none is unknown/,
    );
    await assert.rejects(images.pull(parseReference('127.0.0.1:1/none'), {}), /Cannot reach registry 127\.0\.0\.1:1/);
  });
});

test('a push that does not share the store moves the bytes', { skip: !isInside }, async () => {
  await withRegistry(async ({ folder, store, url }) => {
    await using other = await stand(folder, 'other');
    const image = await other.images.importTar(createReadStream(busyboxTar(folder)), { config: {}, name: parseReference('myregistry/far') });
    const said: string[] = [];
    await other.images.push(parseReference('myregistry/far'), { progress: ({ status }) => said.push(status) });
    assert.ok(said.includes('Pushing') && said.includes('Pushed'), said.join('\n'));
    assert.match(await curl('-I', `${url}/myregistry/far/manifests/latest`), new RegExp(image.manifestDigest));
    assert.equal((await store.images.pull(parseReference('myregistry/far'), {})).id, image.id);
  });
});

test('uploads in pieces, by curl', { skip: !isInside }, async () => {
  await withRegistry(async ({ url, restart }) => {
    const begun = await curl('-X', 'POST', `${url}/team/app/blobs/uploads/`);
    assert.match(begun, /202 Accepted/);
    const place = `http://127.0.0.1:${PORT}${/location: (\S+)/i.exec(begun)?.[1]}`;
    assert.match(await curl('-X', 'PATCH', '-H', 'Content-Range: 0-4', '--data-binary', 'hello', place), /202 Accepted[\s\S]*range: 0-4/i);
    assert.match(await curl('-X', 'PATCH', '-H', 'Content-Range: 7-9', '--data-binary', 'xyz', place), /416 [\s\S]*range: 0-4/i);
    await restart();
    assert.match(await curl(place), /204 No Content[\s\S]*range: 0-4/i);
    assert.match(await curl('-X', 'PATCH', '-H', 'Content-Range: 5-10', '--data-binary', ' world', place), /202 Accepted[\s\S]*range: 0-10/i);
    assert.match(
      await curl('-X', 'PUT', `${place}?digest=${digest('hello world')}`),
      new RegExp(`201 Created[\\s\\S]*docker-content-digest: ${digest('hello world')}`, 'i'),
    );
    assert.match(await curl(`${url}/team/app/blobs/${digest('hello world')}`), /200 OK[\s\S]*hello world$/);
    assert.match(await curl('-H', 'Range: bytes=6-8', `${url}/team/app/blobs/${digest('hello world')}`), /206 Partial[\s\S]*\r\n\r\nwor$/);
    assert.match(await curl('-H', 'Range: bytes=60-80', `${url}/team/app/blobs/${digest('hello world')}`), /416 /);
    assert.match(await curl(`${url}/team/other/blobs/${digest('hello world')}`), /404 [\s\S]*BLOB_UNKNOWN/);
    assert.match(await curl('-X', 'POST', `${url}/team/other/blobs/uploads/?mount=${digest('hello world')}&from=team/nothing`), /202 Accepted/);
    assert.match(await curl('-X', 'POST', `${url}/team/other/blobs/uploads/?mount=${digest('hello world')}&from=team/app`), /201 Created/);
    assert.match(await curl(`${url}/team/other/blobs/${digest('hello world')}`), /200 OK/);
    assert.match(await curl('-X', 'POST', '--data-binary', 'single', `${url}/team/app/blobs/uploads/?digest=${digest('single')}`), /201 Created/);
    assert.match(await curl('-X', 'POST', '--data-binary', 'other', `${url}/team/app/blobs/uploads/?digest=${digest('single')}`), /400 [\s\S]*DIGEST_INVALID/);
    const cancelled = `http://127.0.0.1:${PORT}${/location: (\S+)/i.exec(await curl('-X', 'POST', `${url}/team/app/blobs/uploads/`))?.[1]}`;
    assert.match(await curl('-X', 'DELETE', cancelled), /204 /);
    assert.match(await curl(cancelled), /404 [\s\S]*BLOB_UPLOAD_UNKNOWN/);
    assert.match(await curl('-X', 'DELETE', `${url}/team/app/blobs/${digest('single')}`), /202 /);
    assert.match(await curl('-I', `${url}/team/app/blobs/${digest('single')}`), /404 /);
  });
});

test('manifests, tags, catalogue and referrers, by curl', { skip: !isInside }, async () => {
  await withRegistry(async ({ url }) => {
    const type = 'application/vnd.oci.image.manifest.v1+json';
    const put = (reference: string, body: string, ...more: string[]) =>
      curl('-X', 'PUT', '-H', `Content-Type: ${type}`, ...more, '--data-binary', body, `${url}/team/app/manifests/${reference}`);
    const config = { mediaType: 'application/vnd.oci.empty.v1+json', digest: digest('{}'), size: 2 };
    const manifest = JSON.stringify({ schemaVersion: 2, mediaType: type, config, layers: [] });
    assert.match(await put('a', manifest), /404 [\s\S]*MANIFEST_BLOB_UNKNOWN/);
    assert.match(await curl('-X', 'POST', '--data-binary', '{}', `${url}/team/app/blobs/uploads/?digest=${digest('{}')}`), /201 /);
    for (const tag of ['a', 'b', 'c']) assert.match(await put(tag, manifest), /201 Created/);
    assert.match(await curl('-I', `${url}/team/app/manifests/b`), new RegExp(`200 OK[\\s\\S]*content-type: ${type.replace('+', '\\+')}`, 'i'));
    for (const known of [`"${digest(manifest)}"`, `"x", W/"${digest(manifest)}"`, '*'])
      assert.match(await curl('-H', `If-None-Match: ${known}`, `${url}/team/app/manifests/b`), /304 Not Modified[\s\S]*etag: "sha256:/i);
    assert.match(await curl('-H', 'If-None-Match: "x"', `${url}/team/app/manifests/b`), /200 OK/);
    assert.match(await curl('-H', `If-None-Match: "${digest('{}')}"`, `${url}/team/app/blobs/${digest('{}')}`), /304 Not Modified/);
    assert.match(await curl(`${url}/team/app/tags/list?n=2`), /link: <\/v2\/team\/app\/tags\/list\?n=2&last=b>; rel="next"[\s\S]*"tags":\["a","b"\]/i);
    assert.match(await curl(`${url}/team/app/tags/list?n=2&last=b`), /"tags":\["c"\]/);
    assert.match(await curl(`${url}/_catalog`), /"repositories":\["team\/app"\]/);
    assert.match(await curl('-X', 'POST', `${url}/team/app/manifests/a`), /405 [\s\S]*allow: GET, HEAD, PUT, DELETE\r/i);
    const signature = JSON.stringify({
      schemaVersion: 2,
      mediaType: type,
      artifactType: 'application/x.signature',
      config,
      layers: [],
      subject: { mediaType: type, digest: digest(manifest), size: manifest.length },
      annotations: { by: 'me' },
    });
    assert.match(await put(digest(signature), signature), new RegExp(`201 Created[\\s\\S]*oci-subject: ${digest(manifest)}`, 'i'));
    assert.match(
      await curl(`${url}/team/app/referrers/${digest(manifest)}`),
      /application\/vnd\.oci\.image\.index[\s\S]*"artifactType":"application\/x\.signature","annotations":\{"by":"me"\}/,
    );
    assert.match(
      await curl(`${url}/team/app/referrers/${digest(manifest)}?artifactType=application/none`),
      /oci-filters-applied: artifactType[\s\S]*"manifests":\[\]/i,
    );
    assert.match(await put('bad', '{"schemaVersion":1}'), /400 [\s\S]*MANIFEST_INVALID/);
    // They would stand in the list of referrers, and no client could read that any more.
    const index = 'application/vnd.oci.image.index.v1+json';
    for (const wrong of ['"annotations":5', '"annotations":{"a":1}', '"artifactType":7']) {
      const body = `{"schemaVersion":2,"mediaType":"${index}","manifests":[],${wrong}}`;
      const sent = ['-X', 'PUT', '-H', `Content-Type: ${index}`, '--data-binary', body];
      assert.match(await curl(...sent, `${url}/team/app/manifests/bad`), /400 [\s\S]*MANIFEST_INVALID/, wrong);
    }
    assert.match(await curl('-X', 'DELETE', `${url}/team/app/manifests/a`), /202 /);
    assert.match(await curl(`${url}/team/app/manifests/a`), /404 [\s\S]*MANIFEST_UNKNOWN/);
    assert.match(await curl('-X', 'DELETE', `${url}/team/app/manifests/${digest(manifest)}`), /202 /);
    assert.match(await curl(`${url}/team/app/tags/list`), /"tags":\[\]/);
    assert.match(await curl(`${url}/Team/app/tags/list`), /400 [\s\S]*NAME_INVALID/);
    assert.match(await curl(`${url}/none/tags/list`), /404 [\s\S]*NAME_UNKNOWN/);
    assert.match(await curl('-H', 'Host: x', '--path-as-is', `http://127.0.0.1:${PORT}//`), /404 [\s\S]*UNSUPPORTED/);
    assert.match(await curl(`${url}/_oci/ext/discover`), /404 [\s\S]*UNSUPPORTED/);
  });
});

test('an image by SHA-512, with tags beside its digest and a blob mounted from anywhere: another store pulls, saves and loads it', {
  skip: !isInside,
}, async () => {
  await withRegistry(async ({ folder, url, restart }) => {
    const sha512 = (content: string | Buffer) => `sha512:${createHash('sha512').update(content).digest('hex')}`;
    const layer = readFileSync(busyboxTar(folder));
    writeFileSync(join(folder, 'layer'), layer);
    const diffId = sha512(layer);
    const config = JSON.stringify({ os: 'linux', architecture: 'amd64', config: { Cmd: ['sh'] }, rootfs: { type: 'layers', diff_ids: [diffId] } });
    const blob = async (content: string, name: string) =>
      assert.match(await curl('-X', 'POST', '--data-binary', content, `${url}/team/elsewhere/blobs/uploads/?digest=${name}`), /201 Created/);
    await blob(`@${join(folder, 'layer')}`, diffId);
    await blob(config, sha512(config));
    for (const name of [diffId, sha512(config)]) assert.match(await curl('-X', 'POST', `${url}/team/app/blobs/uploads/?mount=${name}`), /201 Created/);
    const type = 'application/vnd.oci.image.manifest.v1+json';
    const manifest = JSON.stringify({
      schemaVersion: 2,
      mediaType: type,
      config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: sha512(config), size: config.length },
      layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar', digest: diffId, size: layer.length }],
    });
    const put = (query: string) =>
      curl('-X', 'PUT', '-H', `Content-Type: ${type}`, '--data-binary', manifest, `${url}/team/app/manifests/${sha512(manifest)}${query}`);
    assert.match(await put('?tag=1.0&tag=no/tag'), /400 [\s\S]*MANIFEST_INVALID/);
    assert.match(await put('?tag=1.0&tag=latest'), /201 Created[\s\S]*oci-tag: 1\.0, latest/i);
    await restart();
    assert.match(await curl(`${url}/team/app/tags/list`), /"tags":\["1\.0","latest"\]/);

    await using other = await stand(folder, 'other');
    const byTag = await other.images.pull(parseReference(`127.0.0.1:${PORT}/team/app:1.0`), {});
    assert.equal(byTag.id, sha512(config));
    const byDigest = await other.images.pull(parseReference(`127.0.0.1:${PORT}/team/app@${sha512(manifest)}`), {});
    assert.equal(byDigest.manifestDigest, sha512(manifest));
    await using third = await stand(folder, 'third');
    const [loaded] = await third.images.load(await other.images.save([{ image: byTag, names: [] }]), {});
    assert.equal(loaded?.image.id, sha512(config));
    assert.equal(loaded.image.manifestDigest, sha512(manifest));
  });
});

test('a registry that asks for a token, stumbles once and redirects blobs; an index of platforms', { skip: !isInside }, async () => {
  await withRegistry(async ({ folder, store }) => {
    const registry = createRegistry({ images: store.images, dataDir: join(folder, 'strict'), clock: systemClock, random: systemRandom, logger: silentLogger });
    await registry.start();
    const seen: string[] = [];
    const front = createServer((request, response) => {
      const { pathname, searchParams } = new URL(request.url ?? '/', 'http://127.0.0.1:5001');
      if (pathname === '/token') {
        seen.push(`${request.headers.authorization} ${searchParams.get('scope')}`);
        return void response.end(JSON.stringify({ token: 'secret' }));
      }
      if (pathname.startsWith('/elsewhere/')) {
        request.url = pathname.replace('/elsewhere', '');
        return registry.handler(request, response);
      }
      if (request.headers.authorization !== 'Bearer secret')
        return void response.writeHead(401, { 'www-authenticate': 'Bearer realm="http://127.0.0.1:5001/token",service="s"' }).end();
      if (!seen.includes('stumbled')) {
        seen.push('stumbled');
        return void response.writeHead(503).end();
      }
      if (request.method === 'GET' && pathname.includes('/blobs/'))
        return void response.writeHead(307, { location: `http://localhost:5001/elsewhere${pathname}` }).end();
      registry.handler(request, response);
    });
    await new Promise<void>((resolve) => front.listen(5_001, () => resolve()));
    try {
      await using other = await stand(folder, 'other');
      const auth = { username: 'me', password: 'word' };
      const image = await other.images.importTar(createReadStream(busyboxTar(folder)), { config: {}, name: parseReference('127.0.0.1:5001/team/app:1') });
      const pushed = await other.images.push(parseReference('127.0.0.1:5001/team/app:1'), { auth });
      assert.deepEqual(seen, [`Basic ${Buffer.from('me:word').toString('base64')} repository:team/app:pull,push`, 'stumbled'].slice(0, seen.length));
      const platform = { os: 'linux', architecture: image.config.architecture };
      const type = 'application/vnd.oci.image.index.v1+json';
      const index = JSON.stringify({ schemaVersion: 2, mediaType: type, manifests: [{ ...pushed, platform }] });
      const put = await fetch('http://127.0.0.1:5001/v2/team/app/manifests/multi', {
        method: 'PUT',
        headers: { authorization: 'Bearer secret', 'content-type': type },
        body: index,
      });
      assert.equal(put.status, 201);
      await using third = await stand(folder, 'third');
      const pulled = await third.images.pull(parseReference('127.0.0.1:5001/team/app:multi'), { auth });
      assert.equal(pulled.id, image.id);
      assert.deepEqual(pulled.digests, [`127.0.0.1:5001/team/app@${digest(index)}`]);
      assert.equal((await third.images.resolve(`127.0.0.1:5001/team/app@${digest(index)}`)).id, image.id);
      await assert.rejects(
        third.images.pull(parseReference('127.0.0.1:5001/team/app:multi'), { auth, platform: { os: 'plan9', architecture: 'mips' } }),
        /no matching manifest for plan9\/mips/,
      );
      assert.equal((await third.images.remove('127.0.0.1:5001/team/app:multi', { force: false })).length, 4);
      const aborted = AbortSignal.abort(new Error('enough'));
      await assert.rejects(third.images.pull(parseReference('127.0.0.1:5001/team/app:1'), { auth, signal: aborted }), /enough/);
    } finally {
      front.closeAllConnections();
      front.close();
    }
  });
});
