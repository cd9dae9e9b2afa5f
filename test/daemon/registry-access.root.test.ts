import assert from 'node:assert/strict';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { hashSync } from 'bcryptjs';
import { busyboxTar } from '../support/busybox.ts';
import { Conversation } from '../support/conversation.ts';
import { startTestDaemon, type TestDaemon } from '../support/daemon.ts';
import { eventually } from '../support/eventually.ts';
import { isInstalled } from '../support/installed.ts';
import { Pki } from '../support/pki.ts';
import { output } from '../support/run.ts';

// The registry with TLS and access, on an address that others reach, and the clients that people have.
const PLACE = '192.0.2.10:5443';
const folder = await mkdtemp(join(tmpdir(), 'gantry-registry-access-'));
after(() => rm(folder, { recursive: true, force: true }));
const pki = await Pki.create(join(folder, 'pki'));
const other = await Pki.create(join(folder, 'other'));
const [cert, key] = [join(folder, 'tls.pem'), join(folder, 'tls-key.pem')];
let daemon: TestDaemon;

async function install(authority: Pki): Promise<void> {
  const issued = await authority.issue('registry', 'server', ['192.0.2.10', '127.0.0.1']);
  await copyFile(issued.key, key);
  await copyFile(issued.cert, cert);
}

before(async () => {
  await install(pki);
  await writeFile(join(folder, 'users'), `ann:${hashSync('s3cret', 10)}\nbob:${hashSync('hunter2', 5)}\n`);
  const config = join(folder, 'registry.yaml');
  await writeFile(
    config,
    `tls: { certificate: tls.pem, key: tls-key.pem }
access:
  htpasswd: users
  token: { service: test }
  groups: { crew: [bob] }
  rules:
    - { users: [ann], actions: [pull, push, delete] }
    - { groups: [crew], repositories: ['team/**'], actions: [pull] }
audit: { file: audit.log }
metrics: true
`,
  );
  daemon = await startTestDaemon(['--parts', 'engine,registry', '--registry', PLACE, '--registry-config', config]);
  await mkdir(join(daemon.dataDir, 'etc', 'certs.d', PLACE), { recursive: true });
  await copyFile(pki.authority, join(daemon.dataDir, 'etc', 'certs.d', PLACE, 'ca.crt'));
  await output(daemon.docker(['import', '-', 'busybox'], { input: busyboxTar() }));
});
after(() => daemon?.[Symbol.asyncDispose]());

const refused = async (...words: readonly string[]) => {
  const { status, stdout, stderr } = await daemon.docker(words);
  assert.notEqual(status, 0, stdout);
  return stderr;
};

test('gantry status holds the registry for ready, though it asks who is there', async () => {
  assert.match(await output(daemon.gantry(['status'])), /registry\b.*ready/);
});

test('docker: login with a wrong password, push and pull as ann, pull but no push as bob', async () => {
  await output(daemon.docker(['tag', 'busybox', `${PLACE}/team/app:1`]));
  assert.match(await refused('push', `${PLACE}/team/app:1`), /denied|Cannot sign in/);
  assert.match(await refused('login', '-u', 'ann', '-p', 'wrong', PLACE), /401|check the user name and password/);
  assert.match(await output(daemon.docker(['login', '-u', 'ann', '-p', 's3cret', PLACE])), /Login Succeeded/);
  assert.match(await output(daemon.docker(['push', `${PLACE}/team/app:1`])), /1: digest: sha256:/);
  await output(daemon.docker(['rmi', `${PLACE}/team/app:1`]));
  assert.match(await output(daemon.docker(['login', '-u', 'bob', '-p', 'hunter2', PLACE])), /Login Succeeded/);
  assert.match(await output(daemon.docker(['pull', `${PLACE}/team/app:1`])), /Downloaded newer image/);
  await output(daemon.docker(['tag', 'busybox', `${PLACE}/team/app:2`]));
  assert.match(await refused('push', `${PLACE}/team/app:2`), /denied/);
  assert.match(await refused('pull', `${PLACE}/secret/app:1`), /denied/);
  await output(daemon.docker(['logout', PLACE]));
  assert.match(await refused('pull', `${PLACE}/team/app:1`), /denied|Cannot sign in/);
});

test('skopeo: login, copy, inspect; no push without the right', async (t) => {
  if (!(await isInstalled(t, 'skopeo', ['skopeo', '--version'], /not found/))) return;
  const certs = join(folder, 'skopeo-certs');
  await mkdir(certs, { recursive: true });
  await copyFile(pki.authority, join(certs, 'ca.crt'));
  const skopeo = (...words: readonly string[]) => daemon.inside(['skopeo', '--tmpdir', folder, '--insecure-policy', ...words]);
  const as = (credentials: string) => ['--creds', credentials, '--cert-dir', certs];
  const inspected = JSON.parse(await output(skopeo('inspect', ...as('bob:hunter2'), `docker://${PLACE}/team/app:1`))) as { Digest: string };
  assert.match(inspected.Digest, /^sha256:/);
  const copy = (credentials: string) =>
    skopeo(
      'copy',
      '--src-creds',
      credentials,
      '--src-cert-dir',
      certs,
      '--dest-creds',
      credentials,
      '--dest-cert-dir',
      certs,
      `docker://${PLACE}/team/app:1`,
      `docker://${PLACE}/team/copy:1`,
    );
  await output(copy('ann:s3cret'));
  assert.notEqual((await copy('bob:hunter2')).status, 0);
  assert.match((await skopeo('inspect', ...as('bob:wrong'), `docker://${PLACE}/team/app:1`)).stderr, /unauthorized|authentication required|invalid username/);
  assert.match(await output(skopeo('list-tags', ...as('bob:hunter2'), `docker://${PLACE}/team/copy`)), /"1"/);
});

test('a new certificate is shown to who comes anew, while an old connection goes on; a broken one changes nothing', async () => {
  const ask = 'GET /v2/ HTTP/1.1\r\nhost: registry\r\n\r\n';
  await using old = new Conversation(daemon.spawn(['openssl', 's_client', '-quiet', '-connect', PLACE]));
  old.type(ask);
  await old.hears(/401 Unauthorized/);
  const curl = (authority: Pki) =>
    daemon.inside(['curl', '-s', '-o', '/dev/null', '-w', '%{http_code}', '--cacert', authority.authority, `https://${PLACE}/v2/`]);
  assert.equal((await curl(pki)).stdout, '401');
  await writeFile(key, 'no key at all');
  await writeFile(cert, 'no certificate');
  assert.equal((await curl(pki)).stdout, '401');
  await install(other);
  await eventually('the new certificate', async () => (await curl(other)).stdout === '401');
  assert.notEqual((await curl(pki)).status, 0, 'the old authority is not believed any more');
  old.type(ask);
  await old.hears(/401 Unauthorized/);
});

test('who did what is on record', async () => {
  const records = (await readFile(join(folder, 'audit.log'), 'utf8')).trim().split('\n');
  const lines = records.map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.ok(lines.some(({ user, action, kind, status, digest }) => user === 'ann' && action === 'push' && kind === 'manifest' && status === 201 && digest));
  assert.ok(lines.some(({ user, repository, status }) => user === 'bob' && repository === 'team/app' && status === 403));
});
