import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fakeDocker, frame, json } from '../../src/cli/docker/fake-server.testing.ts';
import { MAIN } from '../support/daemon.ts';
import { run } from '../support/run.ts';

test('a daemon that goes away amid an answer is told in one sentence', async () => {
  await using docker = await fakeDocker();
  docker.on('GET /containers/web/json', json({ Config: { Tty: false } }));
  docker.on('GET /containers/web/logs', (response) => response.write(frame(1, 'said\n'), () => response.destroy()));
  const outcome = await run([process.execPath, '--no-warnings', MAIN, 'logs', '-f', '--docker-socket', docker.socketPath, 'web']);
  assert.deepEqual(outcome, { status: 1, stdout: 'said\n', stderr: 'gantry: The daemon broke off the connection; see its log\n' });
});

test('a reader that goes away ends the command as SIGPIPE would', async () => {
  await using docker = await fakeDocker();
  docker.on('GET /containers/web/json', json({ Config: { Tty: true } }));
  docker.on('GET /containers/web/logs', (response) => {
    const more = () => {
      while (!response.destroyed && response.write('line\n'.repeat(1000)));
    };
    response.on('drain', more);
    more();
  });
  const script = `"$0" --no-warnings "$1" logs -f --docker-socket "$2" web | head -n 1; echo "\${PIPESTATUS[0]}"`;
  const { stdout, stderr } = await run(['bash', '-c', script, process.execPath, MAIN, docker.socketPath], { timeout_ms: 10_000 });
  assert.deepEqual([stdout, stderr], ['line\n141\n', '']);
});
