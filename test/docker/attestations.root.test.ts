import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { makeContext } from '../support/context.ts';
import { startDocker } from '../support/docker.ts';
import { output, run } from '../support/run.ts';
import { goProgram, rpmHeader, writeRpmDatabase } from '../../src/build/attest/fixtures.testing.ts';

const docker = await startDocker();
after(() => docker[Symbol.asyncDispose]());

const MAIN = new URL('../../src/cli/main.ts', import.meta.url).pathname;
const NAME = 'localhost:5000/attested';
const STATUS =
  'Package: libfoo\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1:2.3-4\n\nPackage: gone\nStatus: deinstall ok config-files\nVersion: 1\n';
const FILES = {
  Dockerfile: 'FROM busybox\nARG TOKEN\nCOPY status /var/lib/dpkg/status\nCOPY package.json /app/node_modules/left/package.json\n',
  status: STATUS,
  'package.json': '{"name":"left","version":"1.0.0","license":"MIT"}',
};
const gantry = (command: string, ...words: readonly string[]) =>
  docker.daemon.inside([process.execPath, '--no-warnings', MAIN, command, '--docker-socket', docker.daemon.dockerSocket, ...words]);
const ask = async <T>(path: string) =>
  JSON.parse(
    await docker.inside(['curl', '-sS', '-H', 'Accept: application/vnd.oci.image.manifest.v1+json', `http://127.0.0.1:5000/v2/attested/${path}`]),
  ) as T; // as the registry's specification has it

interface Spdx {
  readonly spdxVersion: string;
  readonly dataLicense: string;
  readonly SPDXID: string;
  readonly name: string;
  readonly documentNamespace: string;
  readonly creationInfo: { readonly created: string; readonly creators: readonly string[] };
  readonly packages: readonly { readonly name: string; readonly SPDXID: string; readonly downloadLocation: string; readonly versionInfo: string }[];
  readonly relationships: readonly { readonly spdxElementId: string; readonly relatedSpdxElement: string }[];
}

/** The fields that clauses 6, 7 and 11 of SPDX 2.3 require, and their forms. */
function checkSpdx(text: string): Spdx {
  const value = JSON.parse(text) as Spdx; // each field is looked at here
  assert.equal(value.spdxVersion, 'SPDX-2.3');
  assert.equal(value.dataLicense, 'CC0-1.0');
  assert.equal(value.SPDXID, 'SPDXRef-DOCUMENT');
  assert.ok(value.name.length > 0);
  assert.match(value.documentNamespace, /^[a-z]+:[^#]+$/);
  assert.match(value.creationInfo.created, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  assert.match(value.creationInfo.creators.join(), /^Tool: /);
  for (const one of value.packages) {
    assert.match(one.SPDXID, /^SPDXRef-[A-Za-z0-9.-]+$/);
    assert.ok(one.name.length > 0 && one.downloadLocation === 'NOASSERTION');
  }
  const ids = new Set([value.SPDXID, ...value.packages.map(({ SPDXID }) => SPDXID)]);
  assert.equal(ids.size, value.packages.length + 1);
  for (const { spdxElementId, relatedSpdxElement } of value.relationships) assert.ok(ids.has(spdxElementId) && ids.has(relatedSpdxElement));
  return value;
}

test('what was attested is printed, pushed as referrers, the same twice, and goes with the image', async (t) => {
  const context = await makeContext(join(docker.daemon.folder, 'attested'), FILES);
  const words = ['-t', NAME, '--sbom', '--provenance', '--build-arg', 'SOURCE_DATE_EPOCH=1700000000', '--build-arg', 'TOKEN=hidden-value', context];
  await output(gantry('build', ...words));
  const sbom = await output(gantry('attestations', '--type', 'sbom', NAME));
  const spdx = checkSpdx(sbom);
  assert.deepEqual(
    spdx.packages
      .slice(1)
      .map(({ name, versionInfo }) => `${name} ${versionInfo}`)
      .sort(),
    ['left 1.0.0', 'libfoo 1:2.3-4'],
  );
  const provenance = await output(gantry('attestations', '--type', 'provenance', NAME));
  assert.match(provenance, /"_type":"https:\/\/in-toto.io\/Statement\/v1"/);
  assert.match(provenance, /"uri":"docker:busybox","digest":\{"sha256":"[0-9a-f]{64}"\}/);
  assert.doesNotMatch(provenance, /hidden-value|startedOn/);
  assert.match(provenance, /"version":\{"gantry":"[^"]+"\}/);
  await output(gantry('build', ...words, '--no-cache'));
  assert.equal(await output(gantry('attestations', '--type', 'sbom', NAME)), sbom);
  assert.equal(await output(gantry('attestations', '--type', 'provenance', NAME)), provenance);

  await docker.run(`push ${NAME}`);
  const subject = /"digest":\{"sha256":"([0-9a-f]{64})"\}\}\],"predicateType"/.exec(provenance)?.[1];
  const index = await ask<{ manifests: readonly { digest: string; artifactType: string }[] }>(`referrers/sha256:${subject}`);
  assert.deepEqual(index.manifests.map(({ artifactType }) => artifactType).sort(), ['application/spdx+json', 'application/vnd.in-toto+json']);
  for (const { digest } of index.manifests) {
    const manifest = await ask<{ subject: { digest: string }; config: { mediaType: string } }>(`manifests/${digest}`);
    assert.equal(manifest.subject.digest, `sha256:${subject}`);
    assert.equal(manifest.config.mediaType, 'application/vnd.oci.empty.v1+json');
  }
  await t.test('skopeo reads one', { skip: existsSync('/usr/bin/skopeo') ? false : 'skopeo is not installed' }, async () => {
    const raw = await docker.inside(['skopeo', 'inspect', '--raw', '--tls-verify=false', `docker://${NAME}@${index.manifests[0]?.digest}`]);
    assert.match(raw, new RegExp(`"subject":\\{[^}]*sha256:${subject}`));
  });
  await docker.run(`rmi -f ${NAME}`);
  await docker.run('builder prune -af');
  assert.match((await gantry('attestations', NAME)).stderr, /[Nn]o such image/);
  await output(gantry('build', '-t', NAME, '--build-arg', 'SOURCE_DATE_EPOCH=1700000000', '--build-arg', 'TOKEN=hidden-value', context));
  assert.match((await gantry('attestations', NAME)).stderr, /build it with --sbom/);
});

test('what was attested travels: by save and load, by pull, by a copy, and out of an index that BuildKit made', async () => {
  const context = await makeContext(join(docker.daemon.folder, 'travelling'), FILES);
  const name = 'localhost:5000/attested/far';
  await output(gantry('build', '-t', name, '--sbom', '--provenance', context));
  const own = async (type: string, image = name, socket = docker.daemon.dockerSocket) =>
    output(docker.daemon.inside([process.execPath, '--no-warnings', MAIN, 'attestations', '--docker-socket', socket, '--type', type, image]));
  const both = async (image?: string, socket?: string) => [await own('sbom', image, socket), await own('provenance', image, socket)];
  const attested = await both();
  const archive = join(docker.daemon.folder, 'attested.tar');
  await docker.run('save -o', archive, name);
  await docker.run(`push ${name}`);
  await docker.run(`rmi -f ${name}`);
  await docker.run('builder prune -af');
  assert.match((await gantry('attestations', name)).stderr, /[Nn]o such image/);
  await docker.run('load -i', archive);
  assert.deepEqual(await both(), attested);

  const directories = ['--data-dir', join(docker.daemon.folder, 'far-data'), '--run-dir', join(docker.daemon.folder, 'far-run')];
  const socket = join(docker.daemon.folder, 'far-run', 'docker.sock');
  const far = (...words: readonly string[]) => output(docker.daemon.inside(['docker', '-H', `unix://${socket}`, ...words]));
  await output(docker.daemon.inside([process.execPath, '--no-warnings', MAIN, 'up', '--detach', '--parts', 'engine', ...directories]));
  try {
    await far('pull', name);
    assert.deepEqual(await both(name, socket), attested);
    // Another push from there has them too, and so has a copy from registry to registry.
    await far('tag', name, 'localhost:5000/attested/again');
    await far('push', 'localhost:5000/attested/again');
    await output(docker.daemon.gantry(['registry', 'copy', 'localhost:5000/attested/again:latest', 'localhost:5000/attested/copy:latest']));
    await far('rmi', '-f', name, 'localhost:5000/attested/again');
    await far('pull', 'localhost:5000/attested/copy');
    assert.deepEqual(await both('localhost:5000/attested/copy', socket), attested);

    const listed = '{"predicateType":"https://spdx.dev/Document","predicate":{}}';
    await pushAsBuildKit('attested/far', { 'https://slsa.dev/provenance/v1': attested[1] ?? '', 'https://spdx.dev/Document': listed });
    await far('rmi', '-f', 'localhost:5000/attested/copy');
    await far('pull', 'localhost:5000/attested/far:indexed');
    assert.deepEqual(await both('localhost:5000/attested/far:indexed', socket), [`${listed}\n`, attested[1]]);
  } finally {
    await output(docker.daemon.inside([process.execPath, '--no-warnings', MAIN, 'down', ...directories]));
  }
});

/** Puts the image `latest` into an index, with statements beside it for no platform; what referred to the image goes. */
async function pushAsBuildKit(repository: string, statements: Readonly<Record<string, string>>): Promise<void> {
  const types = { manifest: 'application/vnd.oci.image.manifest.v1+json', index: 'application/vnd.oci.image.index.v1+json' };
  const url = `http://127.0.0.1:5000/v2/${repository}`;
  const curl = (...words: readonly string[]) => docker.inside(['curl', '-sSf', ...words]);
  const digestOf = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`;
  const upload = async (text: string) => {
    await curl('-X', 'POST', '--data-binary', text, `${url}/blobs/uploads/?digest=${digestOf(text)}`);
    return { digest: digestOf(text), size: Buffer.byteLength(text) };
  };
  const put = async (reference: string, mediaType: string, value: object) => {
    const text = JSON.stringify({ schemaVersion: 2, mediaType, ...value });
    await curl('-X', 'PUT', '-H', `Content-Type: ${mediaType}`, '--data-binary', text, `${url}/manifests/${reference === '' ? digestOf(text) : reference}`);
    return { mediaType, digest: digestOf(text), size: Buffer.byteLength(text) };
  };
  const image = await curl('-H', `Accept: ${types.manifest}`, `${url}/manifests/latest`);
  const referrers = JSON.parse(await curl(`${url}/referrers/${digestOf(image)}`)) as { manifests: readonly { digest: string }[] }; // an OCI index
  for (const { digest } of referrers.manifests) await curl('-X', 'DELETE', `${url}/manifests/${digest}`);
  const config = { mediaType: 'application/vnd.oci.image.config.v1+json', ...(await upload('{"architecture":"unknown","os":"unknown"}')) };
  const layers: object[] = [];
  for (const [predicate, statement] of Object.entries(statements)) {
    const annotations = { 'in-toto.io/predicate-type': predicate };
    layers.push({ mediaType: 'application/vnd.in-toto+json', ...(await upload(statement.trimEnd())), annotations });
  }
  const beside = {
    ...(await put('', types.manifest, { config, layers })),
    annotations: { 'vnd.docker.reference.type': 'attestation-manifest', 'vnd.docker.reference.digest': digestOf(image) },
    platform: { os: 'unknown', architecture: 'unknown' },
  };
  const platform = { os: 'linux', architecture: process.arch === 'arm64' ? 'arm64' : 'amd64' };
  const main = { mediaType: types.manifest, digest: digestOf(image), size: Buffer.byteLength(image), platform };
  await put('indexed', types.index, { manifests: [main, beside] });
}

test('a bill of materials tells of rpm, of a lock of npm, of programs of Go, of Python', async () => {
  const context = await makeContext(join(docker.daemon.folder, 'kinds'), {
    Dockerfile:
      'FROM busybox\nCOPY rpmdb.sqlite /var/lib/rpm/\nCOPY package-lock.json /app/\nCOPY --chmod=755 tool /usr/bin/tool\nCOPY METADATA /lib/python3/site-packages/lib.dist-info/\n',
    'package-lock.json': '{"packages":{"node_modules/locked":{"version":"1.0.0"}}}',
    METADATA: 'Name: lib\nVersion: 3\n',
  });
  writeRpmDatabase(join(context, 'rpmdb.sqlite'), [rpmHeader({ 1000: 'bash', 1001: '5.2', 1002: '1.fc40', 1022: 'x86_64' })]);
  await writeFile(join(context, 'tool'), goProgram('go1.22.1', 'path\tx\ndep\tgolang.org/x/net\tv0.20.0\th1:x=\n'));
  await output(gantry('build', '-t', 'kinds', '--sbom', context));
  const spdx = checkSpdx(await output(gantry('attestations', '--type', 'sbom', 'kinds')));
  assert.deepEqual(
    spdx.packages.slice(1).map(({ name, versionInfo }) => `${name} ${versionInfo}`),
    ['golang.org/x/net v0.20.0', 'stdlib 1.22.1', 'locked 1.0.0', 'lib 3', 'bash 5.2-1.fc40'],
  );
});

test('provenance says of which commit of which repository the context is', async () => {
  const context = await makeContext(join(docker.daemon.folder, 'versioned'), { Dockerfile: 'FROM busybox\n', 'sub/Dockerfile': 'FROM busybox\n' });
  const git = (...words: readonly string[]) =>
    output(run(['git', '-c', 'user.name=a', '-c', 'user.email=a@b.example', '-c', 'init.defaultBranch=main', ...words], { folder: context }));
  const told = async (folder: string) => {
    await output(gantry('build', '-t', 'versioned', '--provenance', folder));
    const statement = JSON.parse(await output(gantry('attestations', '--type', 'provenance', 'versioned'))) as {
      predicate: { buildDefinition: { externalParameters: { source?: object } } };
    }; // as SLSA has it
    return statement.predicate.buildDefinition.externalParameters.source;
  };
  assert.equal(await told(context), undefined);
  for (const words of [
    ['init', '-q'],
    ['add', '.'],
    ['commit', '-qm', 'one'],
  ])
    await git(...words);
  const digest = { gitCommit: (await git('rev-parse', 'HEAD')).trim() };
  assert.deepEqual(await told(context), { digest });
  await git('remote', 'add', 'origin', 'https://me:secret@example.com/team/app.git');
  assert.deepEqual(await told(context), { uri: 'https://example.com/team/app.git', digest });
  await writeFile(join(context, 'new'), '');
  assert.deepEqual(await told(context), { uri: 'https://example.com/team/app.git', digest, changed: true });
  // Nothing of the folder that is sent is changed.
  assert.deepEqual(await told(join(context, 'sub')), { uri: 'https://example.com/team/app.git', digest });
});

test('words that are none are refused', async () => {
  assert.match((await gantry('build', '--provenance=mode=all', '.')).stderr, /mode=min or mode=max/);
  assert.match((await gantry('build', '--attest', 'type=signature', '.')).stderr, /Cannot take "type=signature" for --attest/);
});
