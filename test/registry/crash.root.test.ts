import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { systemRandom } from '#kit';
import { startTestDaemon } from '../support/daemon.ts';

const PLACE = '127.0.0.1:5000';
const daemon = await startTestDaemon(['--parts', 'engine,registry', '--registry', PLACE]);
after(() => daemon[Symbol.asyncDispose]());
const seed = Number(process.env.GANTRY_TEST_SEED ?? Math.floor(systemRandom.fraction() * 2 ** 31));
const WORKER = new URL('traffic-worker.ts', import.meta.url).pathname;
const socket = `${daemon.folder}/run/gantry.sock`;

/** Traffic from inside the namespaces: `crash` is called once so many pushes are acknowledged. */
async function traffic(crashAfter: number): Promise<{ readonly pushed: number; readonly again: number; readonly left: number }> {
  const worker = daemon.spawn([process.execPath, '--no-warnings', WORKER, `http://${PLACE}`, socket, String(seed), String(crashAfter)]);
  let said = '';
  let failed = '';
  worker.stderr.setEncoding('utf8').on('data', (text: string) => (failed += text));
  for await (const piece of worker.stdout.setEncoding('utf8')) {
    said += String(piece);
    if (!said.includes('crash\n')) continue;
    said = said.replace('crash\n', '');
    await daemon.crash();
    await daemon.restart();
    worker.stdin.write('up\n');
  }
  assert.notEqual(said, '', failed);
  return JSON.parse(said) as { pushed: number; again: number; left: number }; // what the worker prints last
}

test(`kill -9 among pushes and collections loses nothing that was acknowledged (GANTRY_TEST_SEED=${seed})`, async () => {
  const seen = await traffic(12);
  assert.equal(seen.pushed, 40);
  assert.ok(seen.again > 0, 'the crash was noticed');
});

/** A layer that no other turn has. */
function archiveOf(turn: number): Buffer {
  const folder = join(daemon.folder, `layer-${turn}`);
  mkdirSync(folder);
  writeFileSync(join(folder, 'turn'), `turn ${turn}`);
  return execFileSync('tar', ['-C', folder, '-c', '.']);
}

test('docker push in a loop while it collects', async () => {
  for (let turn = 1; turn <= 5; turn += 1) {
    const name = `${PLACE}/team/app:${turn}`;
    const imported = await daemon.docker(['import', '-', name], { input: archiveOf(turn) });
    assert.equal(imported.status, 0, imported.stderr);
    const [pushed, collected] = await Promise.all([
      daemon.docker(['push', name]),
      daemon.inside(['curl', '-sS', '--fail', '-X', 'POST', '--unix-socket', socket, 'http://gantry/registry/collect']),
    ]);
    assert.equal(pushed.status, 0, pushed.stderr);
    assert.match(collected.stdout, /"dryRun":false/, collected.stderr);
    assert.equal((await daemon.docker(['rmi', name])).status, 0);
    assert.equal((await daemon.docker(['pull', name])).status, 0);
  }
  const asked = await daemon.inside(['curl', '-sS', '-o', '/dev/null', '-w', '%{http_code}', '--unix-socket', socket, 'http://gantry/registry/collect']);
  assert.equal(asked.stdout, '405', 'a GET collects nothing');
});
