import assert from 'node:assert/strict';
import { test } from 'node:test';
import { familiarName, formatReference, parseReference } from './reference.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;

test('names become whole, and short again', () => {
  const check = (text: string, whole: string, familiar: string) => {
    assert.equal(formatReference(parseReference(text)), whole);
    assert.equal(familiarName(whole), familiar);
  };
  check('busybox', 'docker.io/library/busybox:latest', 'busybox:latest');
  check('busybox:1.36', 'docker.io/library/busybox:1.36', 'busybox:1.36');
  check('myregistry/myimage:1.0', 'docker.io/myregistry/myimage:1.0', 'myregistry/myimage:1.0');
  check('docker.io/busybox', 'docker.io/library/busybox:latest', 'busybox:latest');
  check('index.docker.io/library/busybox', 'docker.io/library/busybox:latest', 'busybox:latest');
  check('localhost/a', 'localhost/a:latest', 'localhost/a:latest');
  check('localhost:5000/a/b', 'localhost:5000/a/b:latest', 'localhost:5000/a/b:latest');
  check('[::1]:5000/a', '[::1]:5000/a:latest', '[::1]:5000/a:latest');
  check('reg.example/team/app:V1', 'reg.example/team/app:V1', 'reg.example/team/app:V1');
  check(`busybox@${DIGEST}`, `docker.io/library/busybox@${DIGEST}`, `busybox@${DIGEST}`);
  check(`busybox:1@${DIGEST}`, `docker.io/library/busybox:1@${DIGEST}`, `busybox:1@${DIGEST}`);
  check('a__b/c--d.e', 'docker.io/a__b/c--d.e:latest', 'a__b/c--d.e:latest');
});

test('a malformed name says what a right one looks like', () => {
  for (const text of [
    '',
    ':',
    'UPPER',
    'a//b',
    '/a',
    'a/',
    'a:',
    'a:b:c',
    'a@b',
    `a@${DIGEST}@${DIGEST}`,
    'a___b',
    '-a',
    'a b',
    'b'.repeat(64).replaceAll('b', 'a'),
    `a:${'x'.repeat(129)}`,
    'reg.example/UP',
    `${'a/'.repeat(130)}a`,
  ]) {
    assert.throws(() => parseReference(text), { code: 'REFERENCE_INVALID', message: /a right one looks like busybox:latest/ }, text);
  }
});
