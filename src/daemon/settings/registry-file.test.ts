import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readRegistryFile } from './registry-file.ts';

test('the file of --registry-config', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'gantry-registry-file-'));
  const path = join(folder, 'registry.yaml');
  const read = async (text: string) => (await writeFile(path, text), await readRegistryFile(path));
  try {
    assert.deepEqual(await read(''), {});
    assert.deepEqual(await read('insecure: true'), { insecure: true });
    const upstreams =
      'upstreams:\n- {prefix: hub/, remote: "https://registry.example", credentials: pass, tagsFresh: 5m, repositories: [library/*]}\ncacheMax: 2G\n';
    assert.deepEqual(await read(upstreams), {
      upstreams: [{ prefix: 'hub/', remote: 'https://registry.example/', credentials: join(folder, 'pass'), tagsFresh: 300_000, repositories: ['library/*'] }],
      cacheMax: 2 * 2 ** 30,
    });
    await assert.rejects(read('upstreams: [{prefix: hub/}]'), { code: 'CONFIG_INVALID', message: /upstreams: \[0\]: it lacks "remote"/ });
    await assert.rejects(read('insecure: 1'), { code: 'CONFIG_INVALID', message: /registry\.yaml of --registry-config: insecure: it must be true or false/ });
    await assert.rejects(read('insecur: true'), { code: 'CONFIG_INVALID', message: /it has no "insecur": what it may have is insecure, / });
    const s3 = '{endpoint: "https://s3.example", region: r, bucket: b, accessKeyFile: /k, secretKeyFile: /s}';
    assert.deepEqual(await read(`storage: {s3: ${s3}}`), {
      storage: { s3: { endpoint: 'https://s3.example/', region: 'r', bucket: 'b', accessKeyFile: '/k', secretKeyFile: '/s', pathStyle: true } },
    });
    await assert.rejects(read('storage: {s3: {endpoint: "https://s3.example"}}'), { message: /storage: s3: it lacks "region"/ });
    await assert.rejects(read('storage: {s3: {endpoint: "s3.example"}}'), { message: /storage: s3: endpoint: it must be an address/ });
    const day_ms = 86_400_000;
    assert.deepEqual(
      await read('retention: {every: 1d, dryRun: true, rules: [{repositories: "team/*", keep: {last: 3, youngerThan: 30d, tags: "v*"}, untaggedAfter: 1w}]}'),
      {
        retention: {
          every_ms: day_ms,
          dryRun: true,
          rules: [{ repositories: 'team/*', keep: { last: 3, tags: 'v*', youngerThan_ms: 30 * day_ms }, untaggedAfter_ms: 7 * day_ms }],
        },
      },
    );
    await assert.rejects(read('retention: {rules: [{repositories: a}, {keep: {last: 1}}]}'), {
      message: /retention: rules: \[1\]: it lacks "repositories"/,
    });
    await assert.rejects(read('retention: {every: 1x, rules: []}'), { message: /retention: every: it must be a time/ });
    assert.deepEqual(await read('quota: {default: 10G, repositories: {"team/*": 1G}}'), {
      quota: { default_bytes: 10 * 2 ** 30, repositories: [{ pattern: 'team/*', bytes: 2 ** 30 }] },
    });
    assert.deepEqual(await read('collect: {every: 12h}'), { collect: { every_ms: day_ms / 2 } });
    await assert.rejects(read('collect: {}'), { message: /collect: it lacks "every"/ });
    await assert.rejects(read('- a'), { code: 'CONFIG_INVALID', message: /it must be an object/ });
    await assert.rejects(read(': :'), { code: 'CONFIG_INVALID' });
    await assert.rejects(readRegistryFile(join(folder, 'none')), { code: 'CONFIG_INVALID', message: /Cannot read .*none of --registry-config/ });
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('its sections: paths from its folder, times, and what is wrong named by its place', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'gantry-registry-file-'));
  const path = join(folder, 'registry.yaml');
  const read = async (text: string) => (await writeFile(path, text), await readRegistryFile(path));
  try {
    assert.deepEqual(await read('access: { htpasswd: users, groups: { crew: [bob] }, token: { lifetime: 2m, key: k.pem } }'), {
      access: { htpasswd: join(folder, 'users'), groups: { crew: ['bob'] }, token: { lifetime: 120_000, key: join(folder, 'k.pem') } },
    });
    await assert.rejects(read('access: { anonymous: pull }'), { code: 'CONFIG_INVALID', message: /access: it lacks "htpasswd"/ });
    await assert.rejects(read('access: { htpasswd: u, groups: { crew: bob } }'), { message: /access: groups: crew: it must be a list of texts/ });
    await assert.rejects(read('access: { htpasswd: u, rules: [{ actions: [pul] }] }'), {
      message: /rules: \[0\]: actions: \[0\]: it must be one of pull, push, delete/,
    });
    await assert.rejects(read('hooks: [{ url: ftp://x }]'), { message: /hooks: \[0\]: url: it must be an address/ });
    await assert.rejects(read('limits: { requests: { burst: 1 } }'), { message: /limits: requests: it lacks "perSecond"/ });
  } finally {
    await rm(folder, { recursive: true });
  }
});
