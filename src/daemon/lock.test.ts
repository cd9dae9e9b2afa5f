import assert from 'node:assert/strict';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { holderOf, takeLock } from './lock.ts';

const folder = await mkdtemp(join(tmpdir(), 'gantry-lock-'));
after(() => rm(folder, { recursive: true, force: true }));
const alive = { startTime: async () => '100' };

test('a data dir is held by one process, and free again when it lets go', async () => {
  {
    await using _lock = await takeLock(folder, alive);
    assert.equal((await holderOf(folder, alive))?.pid, process.pid);
    await assert.rejects(takeLock(folder, alive), new RegExp(`process ${process.pid} already runs there`));
  }
  assert.equal(await holderOf(folder, alive), undefined);
});

test('a lock whose process is gone, or whose number another process has now, is taken over', async () => {
  await symlink(JSON.stringify({ pid: 1, startTime: '7' }), join(folder, 'daemon.lock'));
  await using _lock = await takeLock(folder, alive);
  assert.equal((await holderOf(folder, alive))?.pid, process.pid);
});
