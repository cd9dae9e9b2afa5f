import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash, createHmac } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { hashSync } from 'bcryptjs';
import { silentLogger, systemClock, systemRandom } from '#kit';
import { NO_REGISTRIES, openImageStore } from '#image';
import { createRegistry, type RegistrySettings } from './index.ts';

// Runs itself again in namespaces of its own: nothing of it is seen outside, and no port is taken.
const isInside = process.env.GANTRY_TEST_NAMESPACE === 'registry-access';
if (!isInside) {
  test('access to the registry, in namespaces of its own', { skip: process.getuid?.() === 0 ? false : 'needs root' }, () => {
    const { NODE_TEST_CONTEXT: _outer, ...environment } = process.env;
    const words = ['-m', '-n', '--propagation', 'private', 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh'];
    const result = spawnSync('unshare', [...words, process.execPath, '--no-warnings', '--test', import.meta.filename], {
      env: { ...environment, GANTRY_TEST_NAMESPACE: 'registry-access' },
      encoding: 'utf8',
    });
    assert.equal(result.status, 0, `${result.stdout}\n${result.stderr}`);
  });
}

const PORT = 5_000;
const HOST = `127.0.0.1:${PORT}`;
const unexpected = () => assert.fail('nothing is mounted here');
const NO_MOUNTS = { mount: unexpected, mountInBackground: unexpected, unmount: unexpected, turn: unexpected, list: unexpected };
const HASHES = { ann: hashSync('s3cret', 4), bob: hashSync('hunter2', 4).replace('$2b$', '$2y$') };
const HTPASSWD = Object.entries(HASHES)
  .map(([user, hash]) => `${user}:${hash}\n`)
  .join('');

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}
interface Call {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}
function ask(path: string, { method = 'GET', headers = {}, body }: Call = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asking = request({ host: '127.0.0.1', port: PORT, path, method, headers, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (piece: string) => (text += piece));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }));
    });
    asking.on('error', reject).end(body);
  });
}
const basic = (user: string, password: string) => ({ authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` });
const ANN = basic('ann', 's3cret');
const BOB = basic('bob', 'hunter2');
const codeOf = ({ body }: Answer) => (JSON.parse(body) as { errors: { code: string }[] }).errors[0]?.code;

async function withRegistry(settings: (folder: string) => RegistrySettings, use: (place: { folder: string; restart: () => Promise<void> }) => Promise<void>) {
  const folder = await mkdtemp(join(tmpdir(), 'gantry-test-access-'));
  const base = { clock: systemClock, random: systemRandom, logger: silentLogger };
  const store = await openImageStore({ ...base, dataDir: join(folder, 'data'), linux: { mounts: NO_MOUNTS }, registries: NO_REGISTRIES });
  await writeFile(join(folder, 'users'), HTPASSWD);
  const make = () => createRegistry({ ...base, images: store.images, dataDir: join(folder, 'registry'), settings: settings(folder) });
  let registry = make();
  try {
    await registry.listen({ host: '127.0.0.1', port: PORT });
    const restart = async () => {
      await registry.stop();
      registry = make();
      await registry.listen({ host: '127.0.0.1', port: PORT });
    };
    await use({ folder, restart });
  } finally {
    await registry.stop();
    await store.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Pushes a blob and a manifest of it; answers the status of the last. */
async function push(name: string, headers: Readonly<Record<string, string>>): Promise<number> {
  const config = '{}';
  const digest = `sha256:${createHash('sha256').update(config).digest('hex')}`;
  const blob = await ask(`/v2/${name}/blobs/uploads/?digest=${digest}`, { method: 'POST', headers, body: config });
  if (blob.status !== 201) return blob.status;
  const type = 'application/vnd.oci.image.manifest.v1+json';
  const manifest = { schemaVersion: 2, mediaType: type, config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest, size: 2 }, layers: [] };
  return (await ask(`/v2/${name}/manifests/1`, { method: 'PUT', headers: { ...headers, 'content-type': type }, body: JSON.stringify(manifest) })).status;
}

const RULED = (folder: string): RegistrySettings => ({
  access: {
    htpasswd: join(folder, 'users'),
    groups: { crew: ['bob'] },
    rules: [
      { users: ['ann'], actions: ['pull', 'push', 'delete'] },
      { groups: ['crew'], repositories: ['team/*'], actions: ['pull'] },
    ],
  },
});

test('passwords: a challenge without one, no word about who exists, DENIED where rules say no', { skip: !isInside }, async () => {
  await withRegistry(RULED, async () => {
    const none = await ask('/v2/');
    assert.equal(none.status, 401);
    assert.equal(codeOf(none), 'UNAUTHORIZED');
    assert.equal(none.headers['www-authenticate'], `Bearer realm="http://${HOST}/token",service="gantry-registry"`);
    const [wrong, nobody] = [await ask('/v2/', { headers: basic('ann', 'no') }), await ask('/v2/', { headers: basic('eve', 'no') })];
    assert.deepEqual([wrong.status, wrong.body], [401, nobody.body]);
    assert.equal((await ask('/v2/', { headers: ANN })).status, 200);
    assert.equal((await ask('/v2/', { headers: BOB })).status, 200, 'a hash of $2y$');
    assert.equal(await push('team/app', ANN), 201);
    assert.equal(await push('secret/app', ANN), 201);
    assert.equal((await ask('/v2/team/app/manifests/1', { headers: BOB })).status, 200);
    for (const [path, method] of [
      ['/v2/team/app/blobs/uploads/', 'POST'],
      ['/v2/team/app/manifests/1', 'DELETE'],
      ['/v2/secret/app/manifests/1', 'GET'],
      ['/v2/none/app/manifests/1', 'GET'],
    ] as const) {
      const refused = await ask(path, { method, headers: BOB });
      assert.deepEqual([refused.status, codeOf(refused)], [403, 'DENIED'], `${method} ${path}`);
    }
    assert.deepEqual(JSON.parse((await ask('/v2/_catalog', { headers: BOB })).body), { repositories: ['team/app'] });
    assert.deepEqual(JSON.parse((await ask('/v2/_catalog', { headers: ANN })).body), { repositories: ['secret/app', 'team/app'] });
    assert.equal(
      (await ask('/v2/team/app/blobs/uploads/?mount=x&from=a%0Ab', { method: 'POST' })).status,
      401,
      'a line break does not end up in the challenge',
    );
  });
});

async function tokenOf(query: string, headers: Readonly<Record<string, string>> = {}) {
  const { status, body } = await ask(`/token?service=gantry-registry&${query}`, { headers });
  assert.equal(status, 200, body);
  return JSON.parse(body) as { token: string; expires_in: number; refresh_token?: string };
}
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

test('tokens: no more than the rules allow, a challenge for what they lack, refreshed until the password changes', { skip: !isInside }, async () => {
  await withRegistry(RULED, async ({ folder, restart }) => {
    assert.equal(await push('team/app', ANN), 201);
    const { token } = await tokenOf('scope=repository:team/app:pull,push', BOB);
    const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { sub: string; iss: string; access: unknown };
    assert.deepEqual([claims.sub, claims.iss, claims.access], ['bob', 'gantry', [{ type: 'repository', name: 'team/app', actions: ['pull'] }]]);
    assert.equal((await ask('/v2/team/app/manifests/1', { headers: bearer(token) })).status, 200);
    assert.equal((await ask('/v2/team/app/manifests/1', { method: 'DELETE', headers: bearer(token) })).status, 403);
    const lacks = await ask('/v2/team/other/tags/list', { headers: bearer(token) });
    assert.equal(lacks.status, 401);
    assert.match(lacks.headers['www-authenticate'] ?? '', /scope="repository:team\/other:pull",error="insufficient_scope"/);
    const [head = '', , signature = ''] = token.split('.');
    const forged = `${head}.${Buffer.from(JSON.stringify({ ...claims, sub: 'ann' })).toString('base64url')}.${signature}`;
    assert.match((await ask('/v2/', { headers: bearer(forged) })).headers['www-authenticate'] ?? '', /invalid_token/);
    assert.equal((await ask('/token')).status, 401, 'nobody in particular gets none');
    const catalog = await tokenOf('scope=registry:catalog:*', BOB);
    assert.deepEqual(JSON.parse((await ask('/v2/_catalog', { headers: bearer(catalog.token) })).body), { repositories: ['team/app'] });

    const form = (fields: Readonly<Record<string, string>>) =>
      ask('/token', { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: new URLSearchParams(fields).toString() });
    const given = await form({ grant_type: 'password', username: 'ann', password: 's3cret', access_type: 'offline', scope: 'repository:team/app:delete' });
    const { access_token, refresh_token } = JSON.parse(given.body) as { access_token: string; refresh_token: string };
    await restart();
    assert.equal((await ask('/v2/team/app/manifests/1', { headers: bearer(access_token) })).status, 401, 'delete only');
    assert.equal((await ask('/v2/', { headers: bearer(refresh_token) })).status, 401, 'it gets tokens, and is none');
    const fresh = { grant_type: 'refresh_token', refresh_token, scope: 'repository:team/app:pull' };
    assert.equal((await form(fresh)).status, 200);
    assert.equal((await form({ grant_type: 'password', username: 'ann', password: 'no' })).status, 401);
    await writeFile(join(folder, 'users'), `ann:${hashSync('other', 4)}\n`);
    await restart();
    assert.equal((await form(fresh)).status, 401);
    assert.equal((await ask('/v2/', { headers: ANN })).status, 401);
    assert.equal((await ask('/v2/', { headers: basic('ann', 'other') })).status, 200);
  });
});

test('a rule for a group that is nowhere keeps the registry from starting', { skip: !isInside }, async () => {
  const settings = (folder: string): RegistrySettings => ({ access: { htpasswd: join(folder, 'users'), rules: [{ groups: ['crew'], actions: ['pull'] }] } });
  await assert.rejects(
    withRegistry(settings, async () => {}),
    { code: 'REGISTRY_SETTINGS_INVALID', message: /names the group crew/ },
  );
});

test('a blob is mounted only from where one may pull', { skip: !isInside }, async () => {
  const settings = (folder: string): RegistrySettings => ({
    access: {
      htpasswd: join(folder, 'users'),
      rules: [
        { users: ['ann'], actions: ['pull', 'push'] },
        { users: ['bob'], repositories: ['bob/**'], actions: ['pull', 'push'] },
      ],
    },
  });
  await withRegistry(settings, async () => {
    await push('ann/app', ANN);
    await push('bob/app', BOB);
    const digest = `sha256:${createHash('sha256').update('{}').digest('hex')}`;
    const mount = (into: string, from: string, headers: Readonly<Record<string, string>>) =>
      ask(`/v2/${into}/blobs/uploads/?mount=${digest}&from=${from}`, { method: 'POST', headers }).then(({ status }) => status);
    assert.equal(await mount('bob/new', 'ann/app', BOB), 202);
    assert.equal(await mount('bob/new', 'bob/app', BOB), 201);
    assert.equal(await mount('ann/new', 'bob/app', ANN), 201);
    const one = bearer((await tokenOf('scope=repository:ann/more:pull,push', ANN)).token);
    assert.equal(await mount('ann/more', 'bob/app', one), 401, 'another token would do');
    const both = bearer((await tokenOf('scope=repository:ann/more:pull,push&scope=repository:bob/app:pull', ANN)).token);
    assert.equal(await mount('ann/more', 'bob/app', both), 201);
  });
});

test('anonymous: pull lets anybody pull, and nothing else', { skip: !isInside }, async () => {
  await withRegistry(
    (folder) => ({ access: { htpasswd: join(folder, 'users'), anonymous: 'pull' } }),
    async () => {
      assert.equal(await push('team/app', ANN), 201);
      assert.equal((await ask('/v2/team/app/manifests/1')).status, 200);
      assert.equal((await ask('/v2/')).status, 401, 'a login is checked there');
      const { token } = await tokenOf('scope=repository:team/app:pull,push');
      assert.equal((await ask('/v2/team/app/manifests/1', { headers: bearer(token) })).status, 200);
      assert.equal(await push('team/app', bearer(token)), 401);
      assert.equal(await push('team/app', {}), 401);
    },
  );
});

test('limits: a client that asks too often is told when to come again; a user has a bucket of their own', { skip: !isInside }, async () => {
  await withRegistry(
    (folder) => ({ access: { htpasswd: join(folder, 'users') }, limits: { requests: { perSecond: 1, burst: 3 } } }),
    async () => {
      const right = [];
      for (let count = 0; count < 4; count += 1) right.push((await ask('/v2/', { headers: BOB })).status);
      assert.deepEqual(right, [200, 200, 200, 429]);
      assert.equal((await ask('/v2/', { headers: ANN })).status, 200, 'who comes from the same address');
      const said = [];
      for (let count = 0; count < 5; count += 1) said.push((await ask('/v2/', { headers: basic('ann', 'no') })).status);
      assert.deepEqual(said.slice(0, 3), [401, 401, 401]);
      const refused = await ask('/v2/', { headers: basic('eve', 'no') });
      assert.deepEqual([refused.status, codeOf(refused)], [429, 'TOOMANYREQUESTS']);
      assert.match(refused.headers['retry-after'] ?? '', /^[1-9]\d*$/);
    },
  );
});

test('audit: who did what, in files of a size', { skip: !isInside }, async () => {
  const file = (folder: string) => join(folder, 'audit.log');
  await withRegistry(
    (folder) => ({ ...RULED(folder), audit: { file: file(folder), maxBytes: 1500, keep: 2 } }),
    async ({ folder, restart }) => {
      await push('team/app', ANN);
      await ask('/v2/team/app/manifests/1', { method: 'DELETE', headers: BOB });
      await restart();
      const lines = (await readFile(file(folder), 'utf8'))
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>);
      const [upload, manifest, refused] = lines;
      assert.deepEqual([upload?.user, upload?.action, upload?.repository, upload?.status], ['ann', 'push', 'team/app', 201]);
      assert.match(String(manifest?.digest), /^sha256:/);
      assert.deepEqual([refused?.user, refused?.action, refused?.reference, refused?.status, refused?.address], ['bob', 'delete', '1', 403, '127.0.0.1']);
      for (let count = 0; count < 40; count += 1) await ask('/v2/', { headers: ANN });
      await restart();
      await assert.rejects(readFile(`${file(folder)}.3`), { code: 'ENOENT' });
      assert.ok((await readFile(`${file(folder)}.2`, 'utf8')).length > 0);
    },
  );
});

test('hooks: a receiver that fails is told later, in order, signed, even after a restart', { skip: !isInside }, async () => {
  let isUp = false;
  const told: { action: string; repository: string; tag?: string | undefined; actor: unknown }[] = [];
  const { promise: refused, resolve: onRefused } = Promise.withResolvers<void>();
  const { promise: done, resolve: onDone } = Promise.withResolvers<void>();
  const receiver = createServer((asked, response) => {
    const pieces: Buffer[] = [];
    asked.on('data', (piece: Buffer) => pieces.push(piece));
    asked.on('end', () => {
      const body = Buffer.concat(pieces);
      response.writeHead(isUp ? 200 : 503).end();
      if (!isUp) return onRefused();
      assert.equal(asked.headers['x-gantry-signature'], `sha256=${createHmac('sha256', 'key').update(body).digest('hex')}`);
      assert.equal(asked.headers['content-type'], 'application/vnd.docker.distribution.events.v1+json');
      assert.equal(asked.headers['x-more'], 'yes');
      const { events } = JSON.parse(body.toString()) as { events: { action: string; target: { repository: string; tag?: string }; actor: unknown }[] };
      told.push(...events.map(({ action, target, actor }) => ({ action, repository: target.repository, tag: target.tag, actor })));
      if (told.length >= 2) onDone();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(5_001, '127.0.0.1', resolve));
  try {
    const hooks = [
      { url: 'http://127.0.0.1:5001/', events: ['push', 'delete'] as const, repositories: ['team/*'], headers: { 'x-more': 'yes' }, secret: 'key' },
    ];
    await withRegistry(
      (folder) => ({ access: { htpasswd: join(folder, 'users') }, hooks }),
      async ({ restart }) => {
        assert.equal(await push('other/app', ANN), 201);
        assert.equal(await push('team/app', ANN), 201);
        await ask('/v2/team/app/manifests/1', { method: 'DELETE', headers: ANN });
        await refused;
        await restart();
        isUp = true;
        await done;
        assert.deepEqual(told.slice(0, 2), [
          { action: 'push', repository: 'team/app', tag: '1', actor: { name: 'ann' } },
          { action: 'delete', repository: 'team/app', tag: '1', actor: { name: 'ann' } },
        ]);
      },
    );
  } finally {
    receiver.closeAllConnections();
    receiver.close();
  }
});

test('metrics, for users only where access is asked for', { skip: !isInside }, async () => {
  await withRegistry(
    (folder) => ({ access: { htpasswd: join(folder, 'users') }, metrics: true }),
    async () => {
      await push('team/app', ANN);
      assert.equal((await ask('/metrics')).status, 401);
      const { body, headers } = await ask('/metrics', { headers: ANN });
      assert.match(headers['content-type'] ?? '', /^text\/plain; version=0\.0\.4/);
      assert.match(body, /^gantry_registry_requests_total\{method="PUT",route="manifest",code="201"\} 1$/m);
      assert.match(body, /^gantry_registry_request_duration_seconds_bucket\{route="upload",le="\+Inf"\} 1$/m);
      assert.match(body, /^gantry_registry_blobs 1$/m);
      assert.match(body, /^gantry_registry_repositories 1$/m);
      for (const line of body.trimEnd().split('\n')) assert.match(line, /^(?:# (?:HELP|TYPE) \S+ .+|[a-z_]+(?:\{[^}]*\})? [\d.e+-]+)$/);
    },
  );
});
