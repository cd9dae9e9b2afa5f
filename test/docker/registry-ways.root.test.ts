import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { busyboxTar } from '../support/busybox.ts';
import { Conversation } from '../support/conversation.ts';
import { startTestDaemon } from '../support/daemon.ts';
import { Docker } from '../support/docker.ts';
import { Pki } from '../support/pki.ts';
import { output } from '../support/run.ts';

const folder = await mkdtemp(join(tmpdir(), 'gantry-ways-'));
after(() => rm(folder, { recursive: true, force: true }));
const pki = await Pki.create(join(folder, 'pki'));
const server = await pki.issue('registry', 'server', ['192.0.2.10', 'registry.test']);
const client = await pki.issue('client', 'client');
const stranger = await (await Pki.create(join(folder, 'other'))).issue('stranger', 'client');

const PROXY = 'http://ann:s3cret@127.0.0.1:3128';
const OPTIONS = ['--parts', 'engine,registry', '--registry', '127.0.0.1:5000'];
// The machine's own /etc stays as it is: what the test writes into it stands in its mount namespace.
const ownEtc = async (inside: (command: readonly string[]) => ReturnType<Docker['daemon']['inside']>) => {
  const [upper, work] = [join(folder, 'upper'), join(folder, 'work')];
  await Promise.all([mkdir(upper), mkdir(work)]);
  await output(inside(['mount', '-t', 'overlay', 'etc', '-o', `lowerdir=/etc,upperdir=${upper},workdir=${work}`, '/etc']));
};
// The environment of the daemon, at each of its starts.
Object.assign(process.env, { HTTPS_PROXY: PROXY, NO_PROXY: '192.0.2.0/24' });
const docker = new Docker(await startTestDaemon(OPTIONS, ownEtc));
for (const name of ['HTTPS_PROXY', 'NO_PROXY']) delete process.env[name];
const helpers: Conversation[] = [];
after(async () => {
  for (const helper of helpers) await helper[Symbol.asyncDispose]();
  await docker[Symbol.asyncDispose]();
});

async function start(script: string, ...words: readonly string[]): Promise<Conversation> {
  const path = new URL(`../support/${script}.ts`, import.meta.url).pathname;
  const helper = new Conversation(docker.daemon.spawn([process.execPath, '--no-warnings', path, ...words]));
  helpers.push(helper);
  await helper.hears(/ready/);
  return helper;
}
const [TLS, MUTUAL, PLAIN] = ['192.0.2.10:5443', '192.0.2.10:5444', '192.0.2.10:5080'];
const behind = 'http://127.0.0.1:5000';
const front = await start('registry-front', '192.0.2.10', '5443', behind, server.cert, server.key);
await start('registry-front', '192.0.2.10', '5444', behind, server.cert, server.key, pki.authority);
const plain = await start('registry-front', '192.0.2.10', '5080', behind);
const proxy = await start('forward-proxy', '3128', TLS, `http://${PLAIN}`);
await docker.feed(busyboxTar(), 'import - busybox');

/** Pushes busybox under a name, and pulls it again. */
async function pushAndPull(name: string): Promise<void> {
  await docker.run('tag busybox', name);
  assert.match(await docker.run('push', name), /digest: sha256:/);
  await docker.run('rmi', name);
  assert.match(await docker.run('pull', name), /Status: Downloaded newer image/);
  await docker.run('rmi', name);
}

/** What is on the machine when the daemon is another. */
async function restartWith(options: readonly string[], json?: object): Promise<void> {
  const file = join(folder, 'daemon.json');
  if (json !== undefined) await writeFile(file, JSON.stringify(json));
  await docker.daemon.crash();
  await docker.daemon.restart([...OPTIONS, ...options, ...(json === undefined ? [] : ['--daemon-json', file])]);
}

/** Puts files where a registry's certificates are looked for, as seen by the daemon. */
async function place(into: string, files: Readonly<Record<string, string>>): Promise<void> {
  await output(docker.daemon.inside(['mkdir', '-p', into]));
  for (const [name, from] of Object.entries(files)) await output(docker.daemon.inside(['cp', from, join(into, name)]));
}

test('an unknown authority is refused with the file that cures it; with the file it works at once', async () => {
  await docker.run('tag busybox', `${TLS}/team/app:1`);
  const own = join(docker.daemon.dataDir, 'etc/certs.d', TLS, 'ca.crt');
  const words = await docker.refused('push', `${TLS}/team/app:1`);
  assert.ok(words.includes(`Put the authority's certificate into /etc/docker/certs.d/${TLS}/ca.crt or ${own} and try again`), words);
  await place(`/etc/docker/certs.d/${TLS}`, { 'ca.crt': pki.authority });
  await pushAndPull(`${TLS}/team/app:1`);
  assert.match(await docker.run('login -u ann -p any', TLS), /Login Succeeded/);
  await docker.run('logout', TLS);
  assert.match(await docker.run('search --format {{.Name}}', `${TLS}/app`), /^192\.0\.2\.10:5443\/team\/app$/m);
});

test('a registry that wants to know its clients is shown the certificate beside the authority', async () => {
  const own = join(docker.daemon.dataDir, 'etc/certs.d', MUTUAL);
  await place(own, { 'ca.crt': pki.authority });
  await docker.run('tag busybox', `${MUTUAL}/team/known:1`);
  assert.match(
    await docker.refused('push', `${MUTUAL}/team/known:1`),
    /it wants a client's certificate that it knows .*Put client\.cert and client\.key beside/,
  );
  await place(own, { 'client.cert': client.cert });
  assert.match(await docker.refused('push', `${MUTUAL}/team/known:1`), /client\.cert: client\.key is missing beside it/);
  await place(own, { 'client.key': client.key });
  await pushAndPull(`${MUTUAL}/team/known:1`);
  await place(own, { 'client.cert': stranger.cert, 'client.key': stranger.key });
  await docker.refused('pull', `${MUTUAL}/team/known:1`);
  await place(own, { 'client.cert': client.cert, 'client.key': client.key });
});

test('what the system believes is believed', async () => {
  await output(docker.daemon.inside(['mv', '/etc/docker/certs.d', '/etc/docker/hidden']));
  await restartWith([]);
  await docker.refused('pull', `${TLS}/team/app:1`);
  await place('/etc/ssl/certs', { 'gantry-test.pem': pki.authority });
  await restartWith([]);
  assert.match(await docker.run('pull', `${TLS}/team/app:1`), /Status: Downloaded newer image/);
  await output(docker.daemon.inside(['rm', '/etc/ssl/certs/gantry-test.pem']));
  await output(docker.daemon.inside(['mv', '/etc/docker/hidden', '/etc/docker/certs.d']));
});

test('the proxy of the environment is used for what is not excepted: pull, push, login and search; an option wins', async () => {
  await place('/etc/docker/certs.d/registry.test', { 'ca.crt': pki.authority });
  await restartWith(['--https-proxy', '']);
  assert.match(await docker.refused('pull registry.test/team/app:1'), /Cannot reach registry registry\.test: /);
  await restartWith([]);
  await pushAndPull('registry.test/team/app:1');
  await proxy.hears(/CONNECT registry\.test:443\n/);
  await docker.run('login -u ann -p any registry.test');
  await docker.run('logout registry.test');
  assert.match(await docker.run('search --format {{.Name}} registry.test/app'), /registry\.test\/team\/app/);
  const before = proxy.heard;
  await pushAndPull(`${TLS}/team/direct:1`);
  assert.equal(proxy.heard, before, 'an address of NO_PROXY is reached without');
  await restartWith(['--https-proxy', 'http://ann:wrong@127.0.0.1:3128']);
  const words = await docker.refused('pull registry.test/team/app:1');
  assert.match(words, /Cannot reach registry registry\.test through the proxy 127\.0\.0\.1:3128: .*407/);
  assert.doesNotMatch(words, /wrong/);
});

test('plain HTTP goes through a proxy of its own', async () => {
  await restartWith([], { proxies: { 'http-proxy': PROXY, 'https-proxy': PROXY, 'no-proxy': '.other' }, 'insecure-registries': ['plain.test'] });
  await pushAndPull('plain.test/team/app:2');
  await proxy.hears(/(?:GET|HEAD) http:\/\/plain\.test\/v2\/team\/app\/manifests\/2/);
  const shown = await docker.run('info');
  assert.match(shown, /HTTP Proxy: http:\/\/xxxxx:xxxxx@127\.0\.0\.1:3128/);
  assert.match(shown, /No Proxy: \.other/);
});

test('an insecure registry may speak plain HTTP, or TLS with any certificate; another may not', async () => {
  await restartWith([], { 'insecure-registries': [PLAIN, '192.0.2.0/24'] });
  await pushAndPull(`${PLAIN}/team/plain:1`);
  await plain.hears(/manifests\/1/);
  await output(docker.daemon.inside(['rm', '-r', `/etc/docker/certs.d/${TLS}`]));
  await pushAndPull(`${TLS}/team/unverified:1`);
  await restartWith([]);
  await docker.refused('pull', `${PLAIN}/team/plain:1`);
  assert.match(await docker.refused('pull', `${TLS}/team/unverified:1`), /signed by an authority that is not known here/);
  await place(`/etc/docker/certs.d/${TLS}`, { 'ca.crt': pki.authority });
});

test('mirrors are asked in order, without the credentials of the origin, which is asked at last', async () => {
  for (const name of ['mirror/library/both:1', 'origin/library/both:1', 'origin/library/rare:1']) {
    await docker.run('tag busybox', `${TLS}/${name}`);
    await docker.run('push', `${TLS}/${name}`);
    await docker.run('rmi', `${TLS}/${name}`);
  }
  await writeFile(join(docker.daemon.dataDir, 'registries.conf'), `[[registry]]\nprefix = "docker.io"\nlocation = "${TLS}/origin"\n`);
  await restartWith([], { 'registry-mirrors': ['http://192.0.2.10:9', `https://${TLS}/mirror`] });
  await docker.run('login -u ann -p s3cret');
  const pulled = await docker.run('pull both:1');
  assert.match(pulled, /Mirror 192\.0\.2\.10:9 failed .*trying the next[\s\S]*Downloaded newer image/);
  await front.hears(/GET \/v2\/mirror\/library\/both\/manifests\/1 anonymous\n/);
  assert.match(await docker.run('pull rare:1'), /Mirror 192\.0\.2\.10:5443 failed[\s\S]*Downloaded newer image for rare:1/);
  await front.hears(/GET \/v2\/mirror\/library\/rare\/manifests\/1[\s\S]*GET \/v2\/origin\/library\/rare\/manifests\/1/);
  assert.match(await docker.run('info --format', '{{json .RegistryConfig.Mirrors}}'), /http:\/\/192\.0\.2\.10:9/);
});
