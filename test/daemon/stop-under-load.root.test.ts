import assert from 'node:assert/strict';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { startTestDaemon, type TestDaemon } from '../support/daemon.ts';
import { eventually } from '../support/eventually.ts';
import { output } from '../support/run.ts';

const STORM = new URL('../support/request-storm.ts', import.meta.url).pathname;
const PLANE = ['--parts', 'apiserver,controllers'];

interface Found {
  readonly answers: number;
  readonly created: readonly string[];
  readonly unready: number;
  readonly unconnected: readonly string[];
  readonly broken: readonly string[];
}

/** Loads the server, stops it when the load is there, and tells what came of every request. */
async function stormUntil(daemon: TestDaemon, stop: () => Promise<unknown>): Promise<Found> {
  const storm = daemon.spawn([process.execPath, '--no-warnings', '--conditions=gantry-source', STORM, `${daemon.folder}/kubeconfig`]);
  storm.stderr.pipe(process.stderr);
  let last = '{}';
  let stopped: Promise<unknown> | undefined;
  for await (const line of createInterface({ input: storm.stdout })) {
    if (line === 'begun') stopped = stop();
    else last = line;
  }
  await stopped;
  // Written by the storm.
  return JSON.parse(last) as Found;
}

async function kubectlUntilRefused(daemon: TestDaemon): Promise<readonly string[]> {
  const wrong: string[] = [];
  for (;;) {
    const { status, stderr } = await daemon.kubectl(['get', 'namespaces', '-o', 'name']);
    if (/refused/.test(stderr)) return wrong;
    if (status !== 0) wrong.push(stderr);
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    // ESRCH.
    return false;
  }
}

test('a stop under load answers whatever was asked, whole, and says first that it comes', async (context) => {
  await using daemon = await startTestDaemon([...PLANE, '--shutdown-delay-duration', '1s']);
  const ends: Promise<unknown>[] = [];
  const found = await stormUntil(daemon, () => {
    ends.push(kubectlUntilRefused(daemon).then((wrong) => assert.deepEqual(wrong, [])));
    process.kill(daemon.pid, 'SIGTERM');
    return Promise.all(ends);
  });
  const { answers, created, unready, unconnected, broken } = found;
  context.diagnostic(`${answers} answers, ${created.length} created, ${unready} times not ready; not connected: ${[...new Set(unconnected)].join(', ')}`);
  assert.deepEqual(broken, []);
  assert.ok(unready > 0, 'it said that it stops while it still answered');
  await eventually('the daemon ends', () => !isAlive(daemon.pid));
  await daemon.restart(PLANE);
  const names = (await output(daemon.kubectl(['get', 'configmaps', '-o', 'name'])))
    .split('\n')
    .flatMap((line) => (line.includes('/storm-') ? [line.slice('configmap/'.length)] : []));
  assert.deepEqual(names.sort(), [...created].sort(), 'what was acknowledged is there, and nothing else');
});

test('gantry down under load answers whatever was asked, whole', async () => {
  await using daemon = await startTestDaemon(PLANE);
  const found = await stormUntil(daemon, async () => assert.equal((await daemon.gantry(['down'])).status, 0));
  assert.deepEqual(found.broken, []);
  assert.ok(found.answers >= 50);
});
