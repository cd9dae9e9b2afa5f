import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fakeNode } from '../../src/cluster/apiserver/testkit/fake-node.ts';
import { connectKubectl, type Kubectl } from '../../src/cluster/apiserver/testkit/kubectl.ts';
import { ask, askObject, pod, startTestServer } from '../../src/cluster/apiserver/testkit/server.ts';
import { MAIN } from '../support/daemon.ts';
import { type Outcome, run } from '../support/run.ts';

const node = fakeNode();
let server: Awaited<ReturnType<typeof startTestServer>>;
let files: Kubectl;
before(async () => {
  server = await startTestServer({ nodes: () => node });
  files = await connectKubectl(server);
  await askObject(server, 'create', 'nodes', { body: { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n1' }, status: {} } });
  await askObject(server, 'create', 'pods', { namespace: 'default', body: pod('web') });
  await ask(server, 'create', 'pods', { namespace: 'default', name: 'web', subresource: 'binding', body: { target: { name: 'n1' } } });
  const running = { contentType: 'application/merge-patch+json', body: { status: { phase: 'Running' } } };
  await ask(server, 'patch', 'pods', { namespace: 'default', name: 'web', subresource: 'status', ...running });
});
after(async () => {
  await server[Symbol.asyncDispose]();
  await files[Symbol.asyncDispose]();
});

const gantry = (line: string, input?: string | Uint8Array): Promise<Outcome> =>
  run([process.execPath, '--no-warnings', MAIN, ...line.split(' ')], {
    environment: { PATH: process.env.PATH, HOME: files.folder, KUBECONFIG: join(files.folder, 'kubeconfig') },
    ...(input === undefined ? {} : { input }),
  });

test("logs of a Pod, and of a container's name that is one", async () => {
  assert.deepEqual(await gantry('logs pod/web'), { status: 0, stdout: 'one\ntwo\nthree\n', stderr: '' });
  assert.equal((await gantry('logs --tail=1 --timestamps pods/web -c main')).stdout, '2026-01-02T15:04:03.000000001Z three\n');
  assert.match((await gantry('logs -p pod/web')).stderr, /previous terminated container/);
  assert.match((await gantry('logs web')).stderr, /No daemon answers/);
});

test('exec in a Pod: both outputs, the input, the exit status', async () => {
  assert.deepEqual(await gantry('exec pod/web -- exit 7'), { status: 7, stdout: 'out\n', stderr: 'err\ncommand terminated with exit code 7\n' });
  assert.deepEqual(node.commands.at(-1), ['exit', '7']);
  await gantry('exec pod/web -c main -- ls --help -c x');
  assert.deepEqual(node.commands.at(-1), ['ls', '--help', '-c', 'x']);
  const bytes = Buffer.alloc(1 << 20, 'abcdefghij');
  assert.equal((await gantry('exec -i po/web -- cat', bytes)).stdout, bytes.toString());
  const piped = await gantry('exec -it pod/web -- cat', 'x');
  assert.deepEqual([piped.stdout, piped.stderr], ['x', 'Unable to use a TTY: the input is not a terminal\n']);
});
