import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseApk, parseNpm, parsePython } from './packages.ts';
import { publicAddress } from './provenance.ts';
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
