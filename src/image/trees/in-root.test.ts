import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeFoldersBelow, resolveBelow } from './in-root.ts';

test('a path leads through links as if the root were /, and through a file nowhere', () => {
  const root = mkdtempSync(join(tmpdir(), 'gantry-test-root-'));
  try {
    mkdirSync(join(root, 'usr/lib'), { recursive: true });
    writeFileSync(join(root, 'file'), '');
    for (const [name, target] of [
      ['lib', 'usr/lib'],
      ['up', '../../../..'],
      ['absolute', '/usr'],
      ['round', 'round'],
    ] as const)
      symlinkSync(target, join(root, name));
    const check = (path: string, expected: string, followLast = true) => assert.equal(resolveBelow(root, path, followLast), `${root}${expected}`);
    check('lib/new/file', '/usr/lib/new/file');
    check('/absolute/./lib/..', '/usr');
    check('up/etc/passwd', '/etc/passwd');
    check('../../..', '');
    check('lib', '/lib', false);
    check('file/inner', '/file/inner');
    assert.throws(() => resolveBelow(root, 'round', true), { code: 'TREE_INVALID', message: /too many levels/ });
    const owner = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
    assert.throws(() => makeFoldersBelow(root, 'file/inner', owner), { code: 'TREE_INVALID', message: /it is no folder/ });
    assert.deepEqual(makeFoldersBelow(root, 'lib/a/b', owner), { path: join(root, 'usr/lib/a/b'), made: true });
    assert.deepEqual(makeFoldersBelow(root, 'absolute/lib/a', owner), { path: join(root, 'usr/lib/a'), made: false });
  } finally {
    rmSync(root, { recursive: true });
  }
});
