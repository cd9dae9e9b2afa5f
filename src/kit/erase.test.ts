import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { eraseTree } from './erase.ts';

test('what lies deeper than a path can be long is erased too, and nothing that it links to', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-test-erase-'));
  try {
    writeFileSync(join(folder, 'outside'), 'stays');
    // Each from where it is, as a program in a container does; the path is 12 kB long in the end.
    const script =
      'mkdir root && cd root && ln -s ../outside link && i=0; while [ $i -lt 60 ]; do n=$(printf "%0200d" $i); mkdir $n $n.beside && cd -P $n && : > file || exit 1; i=$((i+1)); done';
    const { status, stderr } = spawnSync('bash', ['-c', script], { cwd: folder, encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    await assert.rejects(rm(join(folder, 'root'), { recursive: true, force: true }), { code: 'ENAMETOOLONG' }, 'else this shows nothing');
    await eraseTree(join(folder, 'root'));
    assert.ok(!existsSync(join(folder, 'root')));
    assert.equal(readFileSync(join(folder, 'outside'), 'utf8'), 'stays');
    await eraseTree(join(folder, 'root'));
  } finally {
    spawnSync('rm', ['-rf', folder]);
  }
});
