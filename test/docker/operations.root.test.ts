import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { after, test } from 'node:test';
import { startDocker } from '../support/docker.ts';

const docker = await startDocker();
after(() => docker[Symbol.asyncDispose]());

/** All operations of the Docker Engine API by tag, method and path. */
const OPERATIONS = readFileSync(new URL('./engine-endpoints.tsv', import.meta.url), 'utf8')
  .split('\n')
  .slice(1)
  .filter((line) => line !== '')
  .map((line) => line.split('\t'))
  .map(([tag = '', method = '', path = '']) => ({ tag, method, path }));
const ANSWERED = 'Container Exec Network Volume System Distribution Image Swarm Service Task Node Secret Config Plugin'.split(' ');
const OF_A_SWARM = ['Swarm', 'Service', 'Task', 'Node', 'Secret', 'Config'];
const NOT_A_MANAGER = 'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.';

/** The status and, of a refusal, the words. What answers well may go on for ever: it is cut. */
function ask(method: string, path: string): Promise<{ status: number; message: string }> {
  const place = path.startsWith('/distribution/') ? '127.0.0.1:1/nobody' : 'nobody';
  const body = path === '/auth' ? '{"serveraddress":"127.0.0.1:1"}' : '';
  return new Promise((resolve, reject) => {
    const sent = request(
      { socketPath: docker.daemon.dockerSocket, method, path: `/v1.51${path.replace(/\{\w+\}/, place)}`, headers: { 'Content-Type': 'application/json' } },
      (answer) => {
        const status = answer.statusCode ?? 0;
        if (status < 400) {
          resolve({ status, message: '' });
          return void answer.destroy();
        }
        let text = '';
        answer.setEncoding('utf8').on('data', (piece: string) => (text += piece));
        answer.once('end', () => resolve({ status, message: text === '' ? '' : messageIn(text) }));
      },
    );
    sent.once('error', reject);
    sent.end(body);
  });
}

function messageIn(text: string): string {
  const value: unknown = JSON.parse(text);
  assert.ok(typeof value === 'object' && value !== null && 'message' in value && typeof value.message === 'string', text);
  return value.message;
}

test('the table of operations is whole, and what no table names is no page', async () => {
  for (const tag of ANSWERED)
    assert.ok(
      OPERATIONS.some((operation) => operation.tag === tag),
      tag,
    );
  assert.ok(OPERATIONS.length > 100);
  assert.deepEqual(await ask('GET', '/nowhere'), { status: 404, message: 'page not found' });
});

for (const tag of ANSWERED)
  test(`every operation of ${tag} is answered`, async () => {
    for (const { method, path } of OPERATIONS.filter((operation) => operation.tag === tag)) {
      const { status, message } = await ask(method, path);
      assert.ok(!(status === 404 && message === 'page not found'), `${method} ${path}`);
      if (!OF_A_SWARM.includes(tag)) continue;
      assert.equal(status, 503, `${method} ${path}`);
      if (path === '/swarm/leave') assert.equal(message, 'This node is not part of a swarm');
      else assert.ok(message.startsWith(NOT_A_MANAGER), `${method} ${path}: ${message}`);
    }
  });

test('docker says that this is no swarm, and that there are no plugins', async () => {
  for (const line of ['node ls', 'service ls', 'secret ls', 'config ls', 'stack ls', 'service inspect nobody', 'swarm update --autolock', 'swarm init'])
    assert.ok((await docker.refused(line)).includes(NOT_A_MANAGER), line);
  assert.match(await docker.refused('swarm leave'), /This node is not part of a swarm/);
  assert.equal(await docker.run('plugin ls -q'), '');
  assert.match(await docker.refused('plugin inspect nobody'), /plugin "nobody" not found/);
  assert.match(await docker.refused('plugin enable nobody'), /plugin "nobody" not found/);
  assert.match(await docker.run('info --format {{.Swarm.LocalNodeState}}'), /inactive/);
});
