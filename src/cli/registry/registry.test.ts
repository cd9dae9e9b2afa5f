import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { testTerminal } from '../terminal.testing.ts';
import { registry } from './registry.ts';

const folder = await mkdtemp(join(tmpdir(), 'gantry-cli-registry-'));
after(() => rm(folder, { recursive: true }));

test('gc asks the daemon, and tells what goes', async () => {
  const runDir = join(folder, 'run');
  await mkdir(runDir);
  const asked: string[] = [];
  const answer = { dryRun: true, repositories: [{ name: 'team/app', tags: ['old'], manifests: ['sha256:1'] }], blobs: 3, bytes: 4_260_000, freedBytes: 0 };
  const server = createServer((request, response) => {
    void request.toArray().then((chunks: Buffer[]) => {
      asked.push(`${request.method} ${request.url} ${Buffer.concat(chunks).toString()}`);
      const dryRun = request.url?.includes('dryRun=true') === true;
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ ...answer, dryRun, freedBytes: dryRun ? 0 : 1_000_000 }));
    });
  });
  await new Promise<void>((resolve) => server.listen(join(runDir, 'gantry.sock'), resolve));
  try {
    const run = async (...words: string[]) => {
      const terminal = testTerminal();
      assert.equal(await registry.run(['gc', '--run-dir', runDir, ...words], terminal), 0);
      return terminal.out();
    };
    const text = await run('--dry-run');
    assert.match(text, /team\/app +tag +old\nteam\/app +manifest +sha256:1/);
    assert.match(text, /Would remove 3 blobs that no repository has any more, 4\.26MB/);
    assert.match(await run(), /^Removed 3 blobs that no repository has any more, 4\.26MB; the storage gave back 1MB/m);
    assert.deepEqual(JSON.parse(await run('--json', '--dry-run')), answer);
    assert.deepEqual(asked.slice(0, 2), ['POST /registry/collect?dryRun=true ', 'POST /registry/collect? ']);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

test('words that mean nothing are told what would', async () => {
  const refused = (words: string[], message: RegExp) => assert.rejects(registry.run(words, testTerminal()), { code: 'USAGE', message });
  await refused([], /it is one of ls, inspect, rm, copy, gc/);
  await refused(['toString'], /"toString" is nothing/);
  await refused(['copy', 'a'], /gantry registry copy SRC DST/);
  await refused(['rm', '127.0.0.1:5000/app'], /say which tag or digest of it, such as 127\.0\.0\.1:5000\/app:1\.0/);
});
