import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startDocker } from '../support/docker.ts';
import { isInstalled } from '../support/installed.ts';

const docker = await startDocker();
after(() => docker[Symbol.asyncDispose]());

const CASES = new URL('./docker_py_cases.py', import.meta.url).pathname;

for (const [name, what] of [
  ['run', 'runs containers and tells how they failed'],
  ['options', 'passes every option that it has'],
  ['logs', 'reads logs'],
  ['exec', 'runs commands, with streams, a terminal and a socket'],
  ['stats', 'reads statistics and processes'],
  ['events', 'hears events'],
  ['build', 'builds, tags, pushes, pulls, saves and loads'],
  ['archive', 'copies in and out, and commits'],
  ['networks', 'joins and leaves networks'],
  ['low_level', 'speaks the API itself'],
] as const)
  test(`the Python package ${what}`, async (t) => {
    if (!(await isInstalled(t, 'the Python package docker', ['python3', '-c', 'import docker'], /No module named 'docker'|not found/))) return;
    assert.ok((await docker.inside(['python3', CASES, name])).endsWith(`passed ${name}\n`));
    assert.equal(await docker.run('ps -aq'), '', 'a container is left');
  });
