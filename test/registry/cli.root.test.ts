import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { NO_REGISTRIES, openImageStore, type OpenImageStore } from '#image';
import { silentLogger, systemClock, systemRandom } from '#kit';
import { createRegistry, type Registry } from '#registry';
import { type DockerRegistry, startDockerRegistry } from '../support/docker-registry.ts';
import { inOwnNamespaces } from '../support/own-namespaces.ts';
import { type Outcome, output as whole, run } from '../support/run.ts';

const isInside = inOwnNamespaces(import.meta.filename, 'gantry registry against docker-registry and ours', '/usr/bin/docker-registry');

const unexpected = () => assert.fail('nothing is mounted here');
const NO_MOUNTS = { mount: unexpected, mountInBackground: unexpected, unmount: unexpected, turn: unexpected, list: unexpected };
const OCI = 'application/vnd.oci.image';
const [INDEX, MANIFEST, CONFIG, LAYER] = [`${OCI}.index.v1+json`, `${OCI}.manifest.v1+json`, `${OCI}.config.v1+json`, `${OCI}.layer.v1.tar`];
const folder = mkdtempSync(join(tmpdir(), 'gantry-test-registry-cli-'));
const OWN = '127.0.0.1:5000';
let other: DockerRegistry;
let store: OpenImageStore;
let registry: Registry;
let index: { readonly digest: string };

const sha = (bytes: Buffer) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const describe = (bytes: Buffer, mediaType: string) => ({ mediaType, digest: sha(bytes), size: bytes.length });

async function pushBlob(base: string, bytes: Buffer): Promise<void> {
  const begun = await fetch(`${base}/blobs/uploads/`, { method: 'POST' });
  const url = new URL(begun.headers.get('location') ?? '', base);
  url.searchParams.set('digest', sha(bytes));
  const done = await fetch(url, { method: 'PUT', body: bytes });
  assert.equal(done.status, 201, await done.text());
}
async function pushManifest(base: string, reference: string, manifest: { readonly mediaType: string }) {
  const bytes = Buffer.from(JSON.stringify(manifest));
  const done = await fetch(`${base}/manifests/${reference || sha(bytes)}`, { method: 'PUT', body: bytes, headers: { 'content-type': manifest.mediaType } });
  assert.equal(done.status, 201, await done.text());
  return describe(bytes, manifest.mediaType);
}

before(async () => {
  if (!isInside) return;
  other = await startDockerRegistry(join(folder, 'other'), 5_001);
  store = await openImageStore({
    dataDir: join(folder, 'store'),
    linux: { mounts: NO_MOUNTS },
    clock: systemClock,
    random: systemRandom,
    logger: silentLogger,
    registries: NO_REGISTRIES,
  });
  registry = createRegistry({ images: store.images, dataDir: join(folder, 'own'), clock: systemClock, random: systemRandom, logger: silentLogger });
  await registry.listen({ host: '127.0.0.1', port: 5_000 });
  // An image for two platforms, with an attestation and a signature, in our registry.
  const base = `http://${OWN}/v2/team/app`;
  const manifests = [];
  for (const platform of [
    { os: 'linux', architecture: 'amd64' },
    { os: 'linux', architecture: 'arm64', variant: 'v8' },
    { os: 'unknown', architecture: 'unknown' },
  ]) {
    const layer = randomBytes(300_000);
    const config = Buffer.from(
      JSON.stringify({ created: '2026-01-01T00:00:00Z', ...platform, config: {}, rootfs: { type: 'layers', diff_ids: [sha(layer)] } }),
    );
    for (const blob of [layer, config]) await pushBlob(base, blob);
    const manifest = { schemaVersion: 2, mediaType: MANIFEST, config: describe(config, CONFIG), layers: [describe(layer, LAYER)] };
    manifests.push({ ...(await pushManifest(base, '', manifest)), platform });
  }
  index = await pushManifest(base, '1', { schemaVersion: 2, mediaType: INDEX, manifests } as { mediaType: string });
  const empty = Buffer.from('{}');
  await pushBlob(base, empty);
  const signature = { schemaVersion: 2, mediaType: MANIFEST, artifactType: 'test/signature', config: describe(empty, 'application/vnd.oci.empty.v1+json') };
  await pushManifest(base, '', { ...signature, layers: [describe(empty, 'text/plain')], subject: index } as { mediaType: string });
});
after(async () => {
  if (isInside) {
    await registry.stop();
    await store.stop();
    await other[Symbol.asyncDispose]();
  }
  rmSync(folder, { recursive: true, force: true });
});

const output = async (outcome: Promise<Outcome>) => (await whole(outcome)).trimEnd();
const MAIN = new URL('../../src/cli/main.ts', import.meta.url).pathname;
const environment = { PATH: process.env.PATH ?? '', HOME: folder };
const gantry = (...words: readonly string[]): Promise<Outcome> =>
  run([process.execPath, '--no-warnings', MAIN, 'registry', ...words, '--data-dir', join(folder, 'data')], { environment });

test('ls tells repositories, then tags', { skip: !isInside }, async () => {
  assert.equal(await output(gantry('ls', OWN)), 'REPOSITORY\nteam/app');
  const text = await output(gantry('ls', `${OWN}/team/app`));
  assert.match(text, new RegExp(`^1 +${index.digest} +90\\dkB +.* ago$`, 'm'));
  const [tag] = JSON.parse(await output(gantry('ls', '--json', `${OWN}/team/app`))) as { digest: string }[];
  assert.equal(tag?.digest, index.digest);
});

test('inspect shows the tree', { skip: !isInside }, async () => {
  const text = await output(gantry('inspect', `${OWN}/team/app:1`));
  assert.match(text, new RegExp(`^index ${index.digest} `));
  assert.match(text, /^ {2}manifest linux\/arm64\/v8 sha256:/m);
  assert.match(text, /^ {4}layer sha256:\w+ 300kB/m);
  assert.match(text, /^ {2}referrer sha256:.*\(test\/signature\)$/m);
});

test('copy brings the whole index with its referrers to another registry, and back under another name', { skip: !isInside }, async () => {
  const there = `${other.host}/copied/app:1`;
  assert.match(await output(gantry('copy', '--referrers', `${OWN}/team/app:1`, there)), new RegExp(`${there} ${index.digest}$`));
  const trees = await Promise.all([`${OWN}/team/app:1`, there].map(async (name) => output(gantry('inspect', '--json', name))));
  assert.deepEqual(JSON.parse(trees[1] ?? ''), JSON.parse(trees[0] ?? ''));
  assert.match(await output(gantry('copy', there, `${OWN}/back/app:2`)), new RegExp(index.digest));
  const again = await output(gantry('copy', there, `${other.host}/other/app:1`));
  assert.match(again, / mounted$/m);
  assert.doesNotMatch(again, / copied$/m);
});

test('skopeo finds what was copied', { skip: !isInside || !existsSync('/usr/bin/skopeo') }, async () => {
  const raw = await output(run(['skopeo', 'inspect', '--tls-verify=false', '--raw', `docker://${OWN}/back/app:2`]));
  assert.equal((JSON.parse(raw) as { manifests: unknown[] }).manifests.length, 3);
});

test('copy --platform takes one image', { skip: !isInside }, async () => {
  await output(gantry('copy', '--platform', 'linux/arm64', `${OWN}/team/app:1`, `${OWN}/arm/app:1`));
  assert.match(await output(gantry('inspect', `${OWN}/arm/app:1`)), /^manifest sha256:/);
  const refused = await gantry('copy', '--platform', 'linux/s390x', `${OWN}/team/app:1`, `${OWN}/arm/app:2`);
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /no matching manifest for linux\/s390x .* it has linux\/amd64, linux\/arm64\/v8$/m);
});

test('rm removes a tag, or a manifest by its digest', { skip: !isInside }, async () => {
  await output(gantry('copy', `${OWN}/team/app:1`, `${OWN}/gone/app:1`));
  assert.equal(await output(gantry('rm', `${OWN}/gone/app:1`)), `Removed ${OWN}/gone/app:1`);
  assert.equal((await gantry('inspect', `${OWN}/gone/app:1`)).status, 1);
  await output(gantry('rm', `${OWN}/gone/app@${index.digest}`));
  assert.equal((await gantry('inspect', `${OWN}/gone/app@${index.digest}`)).status, 1);
});
