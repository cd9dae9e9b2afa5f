import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { busyboxTar } from '../support/busybox.ts';
import { startTestDaemon } from '../support/daemon.ts';
import { output } from '../support/run.ts';

const daemon = await startTestDaemon(['--parts', 'engine,registry']);
after(() => daemon[Symbol.asyncDispose]());

const docker = (line: string, input?: string | Uint8Array) => output(daemon.docker(line.split(' '), input === undefined ? {} : { input }));

test('an imported image runs, and its container is gone after --rm', async () => {
  assert.match(await docker('import - busybox', busyboxTar()), /^sha256:[0-9a-f]{64}\n$/);
  assert.equal(await docker('run --rm busybox echo hello'), 'hello\n');
  assert.equal(await docker('ps -aq'), '');
});
