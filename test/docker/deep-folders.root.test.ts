import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { startDocker } from '../support/docker.ts';
import { eventually } from '../support/eventually.ts';

const docker = await startDocker();
after(() => docker[Symbol.asyncDispose]());
const snapshots = () => readdir(join(docker.daemon.dataDir, 'images/snapshots'));

/** Each from where it is: the path is longer in the end than the kernel takes. */
const DEEP = 'i=0; while [ $i -lt 312 ]; do mkdir aaaaaaaaaaaa && cd aaaaaaaaaaaa || exit 1; i=$((i+1)); done';

test('a container whose folders lie deeper than a path can be long is removed, and the daemon starts after that', async () => {
  await docker.run('run --name deep -v volume:/v busybox sh -c', `(${DEEP}) && cd /v && ${DEEP}`);
  await docker.run('run --name deeper busybox sh -c', DEEP);
  for (const line of ['commit deep', 'diff deep']) assert.match(await docker.refused(line), /its folders lie deeper in one another than a path can be long/);
  await docker.run('rm deep');
  await docker.run('volume rm volume');
  await eventually('the one to be erased', async () => (await snapshots()).length === 1);
  await docker.run('rm deeper');
  await docker.daemon.crash();
  await docker.daemon.restart();
  await eventually('the other to be erased', async () => (await snapshots()).length === 0);
  assert.equal(await docker.run('run --rm busybox echo whole'), 'whole\n');
});
