import assert from 'node:assert/strict';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { startTestDaemon } from '../support/daemon.ts';
import { eventually } from '../support/eventually.ts';
import { output } from '../support/run.ts';

const daemon = await startTestDaemon(['--parts', 'apiserver']);
after(() => daemon[Symbol.asyncDispose]());
const kubectl = (line: string) => output(daemon.kubectl(line.split(' ')));
const gantry = (...words: string[]) => output(daemon.gantry(words));
const place = (name: string) => join(daemon.folder, name);
const configMaps = async () => (await kubectl('get configmaps -o jsonpath={.items[*].metadata.name}')).trim();
async function stop(): Promise<void> {
  await output(daemon.inside(['kill', '-TERM', String(daemon.pid)]));
  await eventually('the daemon to be gone', async () => (await daemon.inside(['kill', '-0', String(daemon.pid)])).status !== 0, 10_000);
}

test('a backup of a running and one of a stopped daemon are restored, and clients see that their revision is gone', async () => {
  await kubectl('create configmap first --from-literal=a=1');
  await gantry('backup', place('running'));
  assert.equal((await stat(place('running'))).mode & 0o777, 0o600);
  await kubectl('create configmap second --from-literal=a=1');
  const refused = await daemon.gantry(['restore', place('running')]);
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /^gantry: Cannot restore into .*: process \d+ runs there/);
  await stop();
  await gantry('backup', place('stopped'));
  assert.match(await gantry('restore', place('running')), /^restored \d+ objects as of revision \d+/);
  await daemon.restart();
  assert.equal(await configMaps(), 'first');
  const watched = await daemon.kubectl(['get', '--raw', '/api/v1/configmaps?watch=true&resourceVersion=3&timeoutSeconds=1']);
  assert.match(watched.stdout, /"code":410/);
  await kubectl('create configmap third --from-literal=a=1');
  await stop();
  await gantry('restore', place('stopped'));
  await daemon.restart();
  assert.equal(await configMaps(), 'first second');
});

test('a file that is no whole backup, or is not there, is refused in one sentence', async () => {
  await stop();
  const whole = await readFile(place('stopped'), 'utf8');
  await writeFile(place('cut'), whole.slice(0, -100));
  for (const [name, words] of [
    ['cut', /^gantry: Cannot restore the backup: .*\. Take another one$/],
    ['missing', /^gantry: Cannot read the backup .*: there is no such file$/],
  ] as const) {
    const { status, stderr } = await daemon.gantry(['restore', place(name)]);
    assert.equal(status, 1);
    assert.match(stderr.trim(), words);
  }
  await daemon.restart();
  assert.equal(await configMaps(), 'first second');
});
