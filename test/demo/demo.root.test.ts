import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openNamespaces } from '../support/namespaces.ts';
import { run } from '../support/run.ts';
import { tracesOf } from '../support/traces.ts';

const DEMO = new URL('../../scripts/demo/main.ts', import.meta.url).pathname;
const ROOT = new URL('../..', import.meta.url).pathname;

/** Plays one step in namespaces of its own; `interruptAt` sends SIGINT when its output first shows that. */
async function play(step: number, { interruptAt, without = [] }: { interruptAt?: RegExp; without?: readonly string[] } = {}) {
  await using namespaces = await openNamespaces();
  const folder = await mkdtemp(join(tmpdir(), 'gantry-test-demo-'));
  await using programs = await pathWithout(without);
  try {
    const inside = (command: readonly string[]) => run(namespaces.enter(command));
    const before = await tracesOf(inside, folder, []);
    const ids = new Set<string>();
    const command = namespaces.enter([process.execPath, '--no-warnings', DEMO, '--step', String(step)]);
    const [program = '', ...rest] = command;
    const child = spawn(program, rest, { cwd: ROOT, env: { ...process.env, PATH: programs.path, TMPDIR: folder }, stdio: ['ignore', 'pipe', 'pipe'] });
    const { status, text } = await follow(child, interruptAt, ids);
    const after = await tracesOf(inside, folder, [...ids]);
    return { status, text, before, after, left: await readdir(folder) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A PATH that has all that this process' has, but for some programs. */
async function pathWithout(names: readonly string[]): Promise<AsyncDisposable & { readonly path: string }> {
  const own = process.env.PATH ?? '';
  if (names.length === 0) return { path: own, [Symbol.asyncDispose]: async () => undefined };
  const folder = await mkdtemp(join(tmpdir(), 'gantry-test-path-'));
  for (const place of own.split(':').reverse()) {
    // A folder of the PATH need not be there.
    for (const name of await readdir(place).catch(() => [])) {
      if (names.includes(name)) continue;
      await rm(join(folder, name), { force: true });
      await symlink(join(place, name), join(folder, name));
    }
  }
  return { path: folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}

function follow(child: ChildProcess, interruptAt: RegExp | undefined, ids: Set<string>): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    let text = '';
    let interrupted = false;
    const take = (piece: string) => {
      text += piece;
      for (const [, id = ''] of text.matchAll(/"id": "([0-9a-f]{8})"/g)) ids.add(id);
      if (interrupted || !interruptAt?.test(text)) return;
      interrupted = true;
      child.kill('SIGINT');
    };
    child.stdout?.setEncoding('utf8').on('data', take);
    child.stderr?.setEncoding('utf8').on('data', take);
    child.on('error', reject);
    child.on('close', (code) => resolve({ status: code ?? 1, text }));
  });
}

/** Where in each step Ctrl-C comes. */
const INTERRUPTIONS: readonly (readonly [step: number, at: RegExp])[] = [
  [1, /\$ gantry up/],
  [1, /\$ gantry status/],
  [2, /\$ docker import/],
  [3, /\$ docker build/],
  [4, /\$ docker push/],
  [5, /\$ docker run .*mycontainer/],
  [5, /\$ docker run .*hungry/],
  [6, /\$ kubectl rollout status/],
  [6, /\$ kubectl set image/],
  [7, /\$ kubectl get pod built-only/],
  [8, /\$ kill -9/],
  [9, /\$ gantry down/],
  [10, /\$ npm install/],
];

for (const [step, at] of INTERRUPTIONS) {
  test(`interrupted in step ${step} at ${String(at)}, the demo leaves nothing behind`, async () => {
    const { status, text, before, after, left } = await play(step, { interruptAt: at });
    assert.ok(at.test(text), `it came so far: ${text}`);
    assert.equal(status, 130, text);
    assert.deepEqual(after, before);
    assert.deepEqual(left, []);
  });
}

test('a step that is played to its end leaves nothing behind', async () => {
  const { status, text, before, after, left } = await play(9);
  assert.equal(status, 0, text);
  assert.deepEqual(after, before);
  assert.deepEqual(left, []);
});

for (const step of [5, 6]) {
  test(`without docker and kubectl step ${step} is played with Gantry's own commands, and says so`, async () => {
    const { status, text, before, after } = await play(step, { without: ['docker', 'kubectl'] });
    assert.equal(status, 0, text);
    assert.match(text, /docker is not on this machine: Gantry's own commands/);
    assert.doesNotMatch(text, /\$ (docker|kubectl) /);
    assert.deepEqual(after, before);
  });
}

test('a step that does not exist is refused', async () => {
  const { status, text } = await play(99);
  assert.equal(status, 1);
  assert.match(text, /no step 99/);
});
