import assert from 'node:assert/strict';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { after, test } from 'node:test';
import { makeContext } from '../support/context.ts';
import { startDocker } from '../support/docker.ts';
import { output } from '../support/run.ts';

const docker = await startDocker();
after(() => docker[Symbol.asyncDispose]());

const MAIN = new URL('../../src/cli/main.ts', import.meta.url).pathname;
const DOCKERFILE = `FROM busybox AS one
RUN echo in one && sleep 2
FROM busybox AS two
RUN echo in two && sleep 2
FROM busybox
COPY --from=one /etc/passwd /a
COPY --from=two /etc/passwd /b
`;
const folder = await makeContext(join(docker.daemon.folder, 'progress'), { Dockerfile: DOCKERFILE });

test('gantry build on a terminal draws the stages that run at the same time', async () => {
  const command = `${process.execPath} --no-warnings ${MAIN} build --docker-socket ${docker.daemon.dockerSocket} -t drawn ${folder}`;
  const said = await output(docker.daemon.inside(['script', '-qec', `stty rows 30 cols 80; ${command}`, '/dev/null']));
  const frames = said.split('\u001b[?7l').map(stripVTControlCharacters);
  assert.ok(
    frames.some((frame) => /> \[one 2\/2\] RUN .*\r?\n.*\| in one\r?\n[^]*> \[two 2\/2\] RUN .*\r?\n.*\| in two/.test(frame)),
    said,
  );
  assert.match(frames.at(-1) ?? '', /✔ \[2 3\/3\] COPY --from=two[^]*Successfully tagged drawn:latest/);
});

test('gantry build elsewhere writes plain lines, and rawjson what the daemon tells', async () => {
  const plain = await output(docker.daemon.inside([process.execPath, '--no-warnings', MAIN, 'build', '--docker-socket', docker.daemon.dockerSocket, folder]));
  assert.match(plain, /^Step 1\/7 : FROM busybox AS one\n/);
  assert.doesNotMatch(plain, /\u001b/);
  const words = ['build', '--progress', 'rawjson', '--no-cache-filter', 'two', '--docker-socket', docker.daemon.dockerSocket, folder];
  const raw = await output(docker.daemon.inside([process.execPath, '--no-warnings', MAIN, ...words]));
  const lines = raw
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { aux?: { Step?: { id: number; state: string } } }); // as the server writes it
  const states = (id: number) => lines.flatMap(({ aux }) => (aux?.Step?.id === id ? [aux.Step.state] : []));
  assert.deepEqual([states(2), states(4)], [['cached'], ['started', 'log', 'done']]);
});

test('docker build hears nothing of it, and a rule that fails the build fails it there too', async () => {
  const said = await output(docker.daemon.docker(['build', '--no-cache', '.'], { folder }));
  assert.doesNotMatch(said, /at_ms|Steps/);
  const refused = await docker.daemon.docker(['build', '-'], { input: '# check=error=true\nFROM busybox\nCMD x\n' });
  assert.notEqual(refused.status, 0);
  assert.match(refused.stderr, /lint violation found for rules: JSONArgsRecommended/);
});
