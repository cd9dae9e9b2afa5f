import assert from 'node:assert/strict';
import { it } from 'node:test';
import { familiarName, parseName, wholeName } from './names.ts';

const cases: readonly (readonly [string, string, string])[] = [
  ['busybox', 'docker.io/library/busybox:latest', 'busybox:latest'],
  ['myregistry/myimage:1.0', 'docker.io/myregistry/myimage:1.0', 'myregistry/myimage:1.0'],
  ['localhost:5000/a/b', 'localhost:5000/a/b:latest', 'localhost:5000/a/b:latest'],
  [`x@sha256:${'0'.repeat(64)}`, `docker.io/library/x@sha256:${'0'.repeat(64)}`, `x@sha256:${'0'.repeat(64)}`],
];
for (const [text, whole, familiar] of cases) {
  it(text, () => {
    assert.equal(wholeName(parseName(text)), whole);
    assert.equal(familiarName(whole), familiar);
  });
}
for (const text of ['Upper', '', 'a b', 'x:!', 'a//b']) it(`refuses ${JSON.stringify(text)}`, () => assert.throws(() => parseName(text), /invalid reference format/));
