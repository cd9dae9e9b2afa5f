import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { systemClock } from '#kit';
import { goProgram, rpmHeader, writeRpmDatabase } from './fixtures.testing.ts';
import { parseBuildInfo } from './go-binary.ts';
import { parseApk, parseNpm, parseNpmLock, parsePython, sortedPackages } from './packages.ts';
import { publicAddress } from './provenance.ts';
import { parseRpmHeader } from './rpm-header.ts';
import { scanPackages } from './scan.ts';
import { packageUrl } from './spdx.ts';

test('packages of apk, npm and Python, by their package URLs', () => {
  const found = [
    ...parseApk('P:musl\nV:1.2.5-r0\nA:x86_64\nL:MIT\n\nP:broken\n'),
    ...parseNpm('{"name":"@scope/one","version":"1.0.0"}'),
    ...parseNpm('{'),
    ...parseNpm('{"name":"no-version"}'),
    ...parsePython('Metadata-Version: 2.1\nName: My_Lib\nVersion: 3\n\nVersion: of the description\n'),
  ];
  assert.deepEqual(found.map(packageUrl), ['pkg:apk/musl@1.2.5-r0?arch=x86_64', 'pkg:npm/%40scope/one@1.0.0', 'pkg:pypi/my-lib@3']);
});

test('an address tells nothing of who asked', () => {
  assert.equal(publicAddress('https://me:secret@host/a.tar?token=x#main'), 'https://host/a.tar#main');
});

const MODULES =
  'path\texample.com/tool\nmod\texample.com/tool\t(devel)\t\ndep\tgolang.org/x/net\tv0.20.0\th1:x=\ndep\texample.com/old\tv1.0.0\n=>\texample.com/fork\tv1.0.1\th1:y=\ndep\texample.com/near\tv1.2.3\n=>\t./near\t\nbuild\t-compiler=gc\n';
const GO = ['pkg:golang/stdlib@1.22.1', 'pkg:golang/golang.org/x/net@v0.20.0', 'pkg:golang/example.com/fork@v1.0.1'];
const RPM = { 1000: 'bash', 1001: '5.2', 1002: '1.fc40', 1003: 1, 1014: 'GPL-3.0', 1022: 'x86_64' };

test('packages of a package-lock.json of every version, without what is for development only', () => {
  const entries = {
    '': { name: 'app', version: '1' },
    'node_modules/a': { version: '1.0.0', license: 'MIT' },
    'node_modules/a/node_modules/@s/b': { version: '2.0.0' },
  };
  const left = { 'node_modules/d': { version: '3.0.0', dev: true }, 'node_modules/o': { version: '4.0.0', optional: true }, packages: { link: true } };
  const aliased = { 'node_modules/alias': { name: 'real', version: '5.0.0' }, 'node_modules/g': { version: 'git+ssh://x' } };
  const found = parseNpmLock(JSON.stringify({ lockfileVersion: 3, packages: { ...entries, ...left, ...aliased } }));
  assert.deepEqual(found.map(packageUrl), ['pkg:npm/a@1.0.0', 'pkg:npm/%40s/b@2.0.0', 'pkg:npm/real@5.0.0']);
  const old = { dependencies: { a: { version: '1.0.0', dependencies: { b: { version: '2.0.0' } } }, d: { version: '3.0.0', dev: true } } };
  assert.deepEqual(parseNpmLock(JSON.stringify(old)).map(packageUrl), ['pkg:npm/a@1.0.0', 'pkg:npm/b@2.0.0']);
  for (const text of ['', '[]', '{"packages":[]}', '{"dependencies":{"a":null}}']) assert.deepEqual(parseNpmLock(text), []);
  // The lock of an installed package says less than the package.
  const twice = sortedPackages([...parseNpm('{"name":"a","version":"1.0.0","license":"MIT"}'), ...parseNpmLock(JSON.stringify(old))]);
  assert.equal(twice.find(({ name }) => name === 'a')?.license, 'MIT');
});

test('headers of rpm: what reads is taken, the rest left', () => {
  assert.deepEqual(parseRpmHeader(rpmHeader(RPM)), { name: 'bash', version: '5.2', release: '1.fc40', epoch: 1, license: 'GPL-3.0', architecture: 'x86_64' });
  const whole = rpmHeader(RPM);
  for (let length = 0; length < whole.length; length += 1) parseRpmHeader(whole.subarray(0, length));
  for (let at = 0; at < whole.length; at += 1) parseRpmHeader(Buffer.from(whole).fill(0xff, at, Math.min(at + 4, whole.length)));
});

test('what a program of Go says of its modules', () => {
  const section = goProgram('go1.22.1 X:x', MODULES).subarray(64);
  assert.deepEqual(parseBuildInfo(section).map(packageUrl).slice(0, 3), GO);
  for (let length = 0; length < 400; length += 1) parseBuildInfo(section.subarray(0, length));
});

test('a tree of files tells its packages, and links are not followed', async () => {
  const root = await mkdtemp(join(tmpdir(), 'gantry-sbom-'));
  try {
    const files: Readonly<Record<string, string | Buffer>> = {
      'usr/bin/tool': goProgram('go1.22.1', MODULES),
      'usr/bin/broken': goProgram('go1.22.1', MODULES).subarray(0, 290_000),
      'usr/lib/data': goProgram('go1.1', 'dep\tnot/run\tv1.0.0'),
      'app/package-lock.json': '{"packages":{"node_modules/locked":{"version":"1.0.0"}}}',
      'app/node_modules/x/package.json': '{"name":"x","version":"2.0.0"}',
      'app/node_modules/x/package-lock.json': '{"packages":{"node_modules/not-here":{"version":"1.0.0"}}}',
      'usr/lib/python3/site-packages/lib.dist-info/METADATA': 'Name: lib\nVersion: 3\n',
      'lib/apk/db/installed': 'P:musl\nV:1\nA:x86_64\n',
    };
    for (const [name, content] of Object.entries(files)) {
      await mkdir(dirname(join(root, name)), { recursive: true });
      await writeFile(join(root, name), content, { mode: name.startsWith('usr/bin/') ? 0o755 : 0o644 });
    }
    await mkdir(join(root, 'var/lib/rpm'), { recursive: true });
    writeRpmDatabase(join(root, 'var/lib/rpm/rpmdb.sqlite'), [rpmHeader(RPM), rpmHeader({ 1000: 'gpg-pubkey', 1001: '1', 1002: '2' })]);
    await symlink(root, join(root, 'again'));
    const ways = { clock: systemClock, signal: new AbortController().signal };
    assert.deepEqual((await scanPackages(root, ways)).map(packageUrl).sort(), [
      'pkg:apk/musl@1?arch=x86_64',
      'pkg:golang/example.com/fork@v1.0.1',
      'pkg:golang/golang.org/x/net@v0.20.0',
      'pkg:golang/stdlib@1.22.1',
      'pkg:npm/locked@1.0.0',
      'pkg:npm/x@2.0.0',
      'pkg:pypi/lib@3',
      'pkg:rpm/bash@5.2-1.fc40?arch=x86_64&epoch=1',
    ]);
    for (const schema of ['CREATE VIEW Packages AS SELECT 1 AS blob', 'CREATE TABLE Packages (hnum INTEGER, blob AS (zeroblob(9)))']) {
      await rm(join(root, 'var/lib/rpm/rpmdb.sqlite'));
      writeRpmDatabase(join(root, 'var/lib/rpm/rpmdb.sqlite'), [], schema);
      await assert.rejects(scanPackages(root, ways), /its rpm database does not read: it has no table Packages/);
    }
    await writeFile(join(root, 'var/lib/rpm/rpmdb.sqlite'), 'no database');
    await assert.rejects(scanPackages(root, ways), /its rpm database does not read: file is not a database/);
  } finally {
    await rm(root, { recursive: true });
  }
});
