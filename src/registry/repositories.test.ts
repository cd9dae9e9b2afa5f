import assert from 'node:assert/strict';
import { appendFile, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Digest, digestOf } from '#image';
import { collect } from './collect.ts';
import { Repositories } from './repositories.ts';
import { type Stand, STANDS } from './storage/stands.testing.ts';

const HOUR_MS = 3_600_000;

async function withRepositories(use: (stand: Stand, open: (quota?: number) => Promise<Repositories>) => Promise<void>): Promise<void> {
  const make = STANDS.disk;
  assert.ok(make);
  await using stand = await make();
  const { storage, clock, folder } = stand;
  await use(stand, async (quota = Number.POSITIVE_INFINITY) => {
    const repositories = new Repositories({ dataDir: join(folder, 'registry'), storage, clock, quotaOf: () => quota });
    await repositories.open();
    return repositories;
  });
}

async function push({ storage }: Stand, repositories: Repositories, name: string, text: string): Promise<Digest> {
  const digest = digestOf(text);
  await storage.write(Buffer.from(text), { digest });
  await repositories.linkBlob(name, digest);
  return digest;
}
async function put({ storage }: Stand, repositories: Repositories, name: string, text: string, references: readonly Digest[], tags: readonly string[]) {
  const digest = digestOf(text);
  await storage.write(Buffer.from(text), { digest });
  await repositories.putManifest(name, digest, { mediaType: 'm', size: text.length, references }, tags);
  return digest;
}

test('what was acknowledged is there after a restart; a line that was cut off is not', async () => {
  await withRepositories(async (stand, open) => {
    const first = await open();
    const layer = await push(stand, first, 'team/app', 'layer');
    const manifest = await put(stand, first, 'team/app', 'manifest', [layer], ['1', '2']);
    await first.removeTag('team/app', '2');
    const folder = join(stand.folder, 'registry/repository-logs');
    const [log = ''] = await readdir(folder);
    await appendFile(join(folder, log), '{"v":1,"name":"team/app","n":9,"chan');
    const second = await open();
    const found = second.find('team/app');
    assert.deepEqual([...(found?.tags.keys() ?? [])], ['1']);
    assert.equal(found?.used_bytes, 'layer'.length + 'manifest'.length);
    assert.equal(found.manifests.get(manifest)?.mediaType, 'm');
    await put(stand, second, 'team/app', 'another', [layer], ['3']);
    assert.deepEqual([...((await open()).find('team/app')?.tags.keys() ?? [])].sort(), ['1', '3'], 'the log goes on after the cut');
    await appendFile(join(folder, log), 'nonsense\n');
    await assert.rejects(open(), { code: 'RECORD_BROKEN', message: /a line of it is no change/ });
  });
});

test('a record of the first version is read, and its sizes are found', async () => {
  await withRepositories(async (stand, open) => {
    const { digest } = await stand.images.content.write(Buffer.from('layer'));
    const manifest = await stand.images.content.write(Buffer.from('manifest'));
    await mkdir(join(stand.folder, 'registry/repositories'), { recursive: true });
    const path = join(stand.folder, 'registry/repositories/team%2Fapp.json');
    const entry = { mediaType: 'm', size: 8, references: [digest] };
    const record = {
      formatVersion: 1,
      key: 'team/app',
      name: 'team/app',
      blobs: [digest],
      manifests: { [manifest.digest]: entry },
      tags: { a: manifest.digest },
    };
    await writeFile(path, JSON.stringify(record));
    const found = (await open()).find('team/app');
    assert.equal(found?.used_bytes, 13);
    assert.equal(found.tags.get('a')?.digest, manifest.digest);
    const tagged_ms = found.tags.get('a')?.tagged_ms ?? 0;
    assert.ok(tagged_ms > stand.clock.now() - HOUR_MS, 'no rule takes it for old');
    assert.equal((await open()).find('team/app')?.tags.get('a')?.tagged_ms, tagged_ms, 'nor does a restart make it new');
    assert.equal(JSON.parse(await readFile(path, 'utf8')).formatVersion, 2);
  });
});

test('the log is folded into the record; an emptied repository leaves nothing', async () => {
  await withRepositories(async (stand, open) => {
    const repositories = await open();
    const layer = await push(stand, repositories, 'a', 'layer');
    const manifest = await put(stand, repositories, 'a', 'manifest', [layer], []);
    const tags = Array.from({ length: 1_500 }, (_, number) => `tag-${number}`);
    for (let turn = 0; turn < 20; turn += 1) await put(stand, repositories, 'a', 'manifest', [layer], tags);
    const folder = join(stand.folder, 'registry/repositories');
    assert.equal((await readdir(folder)).length, 1);
    assert.ok((await stat(join(folder, 'a.json'))).size > 50_000);
    assert.equal((await open()).find('a')?.tags.size, 1_500);
    await repositories.removeManifest('a', manifest);
    await repositories.unlinkBlob('a', layer);
    assert.deepEqual((await open()).names(), []);
    for (const name of ['repositories', 'repository-logs']) assert.deepEqual(await readdir(join(stand.folder, 'registry', name)), []);
  });
});

test('a blob that a client was just told of outlives the manifest that had it, for an hour', async () => {
  await withRepositories(async (stand, open) => {
    const repositories = await open();
    const layer = await push(stand, repositories, 'a', 'layer');
    const old = await put(stand, repositories, 'a', 'old', [layer], ['1']);
    stand.clock.ahead_ms += 2 * HOUR_MS;
    repositories.see('a', layer);
    await repositories.removeManifest('a', old);
    const parts = { repositories, storage: stand.storage, clock: stand.clock };
    assert.equal((await collect(parts, { dryRun: false })).blobs, 0);
    await put(stand, repositories, 'a', 'new', [layer], ['1']);
    await repositories.removeManifest('a', digestOf('new'));
    stand.clock.ahead_ms += 2 * HOUR_MS;
    assert.deepEqual(await collect(parts, { dryRun: true }), { dryRun: true, repositories: [], blobs: 1, bytes: 5, freedBytes: 0 });
    assert.equal((await collect(parts, { dryRun: false })).bytes, 5);
    assert.equal(await stand.storage.stat(layer), undefined);
    assert.deepEqual(repositories.names(), []);
  });
});

test('a dry run says what the real one does; what another repository has stays', async () => {
  await withRepositories(async (stand, open) => {
    const repositories = await open();
    const [shared, own] = [await push(stand, repositories, 'a', 'shared'), await push(stand, repositories, 'a', 'own layer')];
    const manifest = await put(stand, repositories, 'a', 'manifest', [shared, own], []);
    await push(stand, repositories, 'b', 'shared');
    await put(stand, repositories, 'b', 'other', [shared], ['1']);
    stand.clock.ahead_ms += 3 * HOUR_MS;
    const retention = { rules: [{ repositories: '*', untaggedAfter_ms: HOUR_MS }] };
    const parts = { repositories, storage: stand.storage, clock: stand.clock, retention };
    const dry = await collect(parts, { dryRun: true });
    const bytes = 'own layer'.length + 'manifest'.length;
    assert.deepEqual(dry, { dryRun: true, repositories: [{ name: 'a', tags: [], manifests: [manifest] }], blobs: 2, bytes, freedBytes: 0 });
    assert.equal((await collect(parts, { dryRun: true })).blobs, 2, 'nothing was changed');
    assert.deepEqual(await collect(parts, { dryRun: false }), { ...dry, dryRun: false, freedBytes: bytes });
    assert.ok(await stand.storage.stat(shared));
    assert.deepEqual(repositories.names(), ['b']);
  });
});

test('a manifest whose blob is being unlinked is refused, since the blob is asked for where nobody else changes the repository', async () => {
  await withRepositories(async (stand, open) => {
    const repositories = await open();
    const layer = await push(stand, repositories, 'a', 'layer');
    await push(stand, repositories, 'a', 'another');
    const { digest, size } = await stand.storage.write(Buffer.from('manifest'), { digest: digestOf('manifest') });
    const unlinking = repositories.unlinkBlob('a', layer);
    await assert.rejects(repositories.putManifest('a', digest, { mediaType: 'm', size, references: [layer] }, ['1']), { code: 'MANIFEST_BLOB_UNKNOWN' });
    await unlinking;
    assert.equal(repositories.find('a')?.tags.size, 0);
  });
});

test('over the quota is denied, and holds nothing', async () => {
  await withRepositories(async (stand, open) => {
    const repositories = await open(10);
    await push(stand, repositories, 'a', '123456');
    await push(stand, repositories, 'a', '123456');
    await assert.rejects(push(stand, repositories, 'a', 'abcdef'), { code: 'DENIED', status: 403, message: /would have 12 bytes, more than its quota of 10/ });
    assert.equal(repositories.hasBlob('a', digestOf('abcdef')), false);
    await push(stand, repositories, 'b', 'abcdef');
    assert.equal(repositories.find('a')?.used_bytes, 6);
  });
});
