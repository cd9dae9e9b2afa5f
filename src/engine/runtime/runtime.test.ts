import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, constants, existsSync, mkdirSync, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { silentLogger } from '#kit';
import { recordingLinux } from '#linux';
import type { ContainerId } from '../types.ts';
import { Launcher } from './launcher.ts';
import { Runtime } from './runtime.ts';
import { holdsOn, mountsApart, Surroundings } from './surroundings.ts';

const ROOT = '20 1 8:1 / / rw,relatime - ext4 /dev/sda rw';
const SHARED = '21 20 8:1 /data /data rw,relatime shared:7 - ext4 /dev/sda rw';

test('mounts that a kept namespace does not hear of', () => {
  const check = (lines: readonly string[], apart: readonly string[]) => assert.equal(mountsApart(`${lines.join('\n')}\n`), apart.join('\n'));
  check([ROOT], [ROOT]);
  check([ROOT, SHARED], [ROOT, SHARED]);
  check([ROOT, SHARED, '22 21 0:9 / /data/root rw - overlay overlay rw'], [ROOT, SHARED]);
  check([ROOT, '22 20 0:9 / /data/root rw shared:8 - overlay overlay rw'], [ROOT, '22 20 0:9 / /data/root rw shared:8 - overlay overlay rw']);
  check(
    [ROOT, '22 20 0:9 / /a rw master:7 - tmpfs shared:1 rw', '23 22 0:9 / /a/b rw - tmpfs x rw'],
    [ROOT, '22 20 0:9 / /a rw master:7 - tmpfs shared:1 rw', '23 22 0:9 / /a/b rw - tmpfs x rw'],
  );
});

test('mounts that must not be held on to', () => {
  const check = (line: string, expected: boolean) => assert.equal(holdsOn(`${ROOT}\n${line}`), expected, line);
  check(SHARED, false);
  check('22 20 0:9 / /data/root rw,relatime - overlay overlay rw', true);
  check('22 20 0:4 net:[4026532] /run/netns/x rw - nsfs nsfs rw', true);
  check('22 20 0:9 / / rw,relatime - overlay overlay rw', false);
});

test('a container is let go once, and one that waits no longer is told apart', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-test-runtime-'));
  const options = { folder, logger: silentLogger };
  const runtime = new Runtime({
    programs: { crun: '/nowhere/crun', conmon: '/nowhere/conmon' },
    launcher: new Launcher(options),
    surroundings: new Surroundings(options),
    linux: recordingLinux(),
    runDir: folder,
    exitDir: folder,
  });
  // Any text will do for an id here.
  const id = 'x' as ContainerId;
  try {
    const pipe = join(runtime.rootOf(undefined), 'x', 'exec.fifo');
    mkdirSync(join(runtime.rootOf(undefined), 'x'), { recursive: true });
    execFileSync('mkfifo', [pipe]);
    assert.equal(await runtime.letGo({ id, spec: {} }), false, 'nobody waits');
    assert.equal(existsSync(pipe), false);
    execFileSync('mkfifo', [pipe]);
    const waiting = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      assert.equal(await runtime.letGo({ id, spec: {} }), true);
      assert.equal(readSync(waiting, Buffer.alloc(4)), 1);
    } finally {
      closeSync(waiting);
    }
    assert.equal(existsSync(pipe), false);
    assert.equal(await runtime.letGo({ id, spec: {} }), true, 'it was let go already');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
