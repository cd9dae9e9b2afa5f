import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { fakeNode } from './testkit/fake-node.ts';
import { connectKubectl, type Kubectl } from './testkit/kubectl.ts';
import { ask, askObject, pod, startTestServer } from './testkit/server.ts';

const BY_SPDY = { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: 'false', KUBECTL_PORT_FORWARD_WEBSOCKETS: 'false' };
describe('kubectl reaches containers through the node that runs them, by WebSocket', () => streams({}));
describe('kubectl reaches containers through the node that runs them, by SPDY', () => streams(BY_SPDY));

function streams(environment: Record<string, string>): void {
  const node = fakeNode();
  let server: Awaited<ReturnType<typeof startTestServer>>;
  let kubectl: Kubectl;
  before(async () => {
    server = await startTestServer({ nodes: (name) => (name === 'n1' ? node : undefined) });
    kubectl = await connectKubectl(server, environment);
    await askObject(server, 'create', 'nodes', { body: { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n1' }, status: {} } });
    const two = {
      containers: [
        { name: 'a', image: 'x' },
        { name: 'b', image: 'x' },
      ],
    };
    for (const [name, more] of [
      ['web', {}],
      ['pair', two],
      ['lost', {}],
    ] as const) {
      await askObject(server, 'create', 'pods', { namespace: 'default', body: pod(name, more) });
      await ask(server, 'create', 'pods', { namespace: 'default', name, subresource: 'binding', body: { target: { name: name === 'lost' ? 'gone' : 'n1' } } });
    }
    const running = { type: 'application/merge-patch+json', body: { status: { phase: 'Running' } } };
    for (const name of ['web', 'pair', 'lost'])
      await ask(server, 'patch', 'pods', { namespace: 'default', name, subresource: 'status', contentType: running.type, body: running.body });
  });
  after(async () => {
    await server[Symbol.asyncDispose]();
    await kubectl[Symbol.asyncDispose]();
  });

  test('exec brings both outputs and the exit code', async () => {
    const answer = await kubectl('exec', 'web', '--', 'exit', '7');
    assert.deepEqual([answer.stdout, answer.stderr.replace(/command terminated.*\n/, ''), answer.code], ['out\n', 'err\n', 7]);
    assert.deepEqual(node.commands.at(-1), ['exit', '7']);
  });
  test('exec -i sends standard input, and its end', async () => {
    const child = kubectl.start('exec', '-i', 'web', '--', 'cat');
    child.stdin?.end('through and back');
    const output = (await child.stdout?.toArray())?.join('');
    assert.equal(output, 'through and back');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    assert.equal(child.exitCode, 0);
  });
  test('exec carries a megabyte both ways unharmed', async () => {
    const child = kubectl.start('exec', '-i', 'web', '--', 'cat');
    const bytes = Buffer.alloc(1 << 20, 'abcdefghij');
    child.stdin?.end(bytes);
    const chunks = (await child.stdout?.toArray()) as Buffer[];
    assert.equal(Buffer.compare(Buffer.concat(chunks), bytes), 0);
  });
  test('logs take tail, limit and timestamps', async () => {
    assert.equal((await kubectl('logs', 'web')).stdout, 'one\ntwo\nthree\n');
    assert.equal((await kubectl('logs', 'web', '--tail=1', '--timestamps')).stdout, '2026-01-02T15:04:03.000000001Z three\n');
    assert.equal((await kubectl('logs', 'web', '--limit-bytes=5')).stdout, 'one\nt');
  });
  test('logs of a Pod with two containers name the choices', async () => {
    const answer = await ask(server, 'get', 'pods', { namespace: 'default', name: 'pair' });
    assert.equal(answer.kind, 'object');
    assert.match((await kubectl('logs', 'pair', '-c', 'c')).stderr, /container c is not valid for pod pair/);
  });
  test('a node that is away is named', async () => {
    const answer = await kubectl('exec', 'lost', '--', 'true');
    assert.match(answer.stderr, /node "gone" is not connected/);
  });
  test('port-forward carries several connections and says what failed', { timeout: 20_000 }, async () => {
    const child = kubectl.start('port-forward', 'pod/web', ':80');
    let errors = '';
    child.stderr?.on('data', (bytes: Buffer) => {
      errors += bytes.toString();
    });
    try {
      const [bytes] = (await Promise.race([once(child.stdout ?? child, 'data'), once(child, 'exit').then(() => [errors])])) as [Buffer];
      const port = Number(/127\.0\.0\.1:(\d+)/.exec(bytes.toString())?.[1]);
      assert.ok(port > 0, bytes.toString() + errors);
      for (const word of ['hello', 'again']) assert.equal(await exchange(port, word), word.toUpperCase());
    } finally {
      const gone = once(child, 'exit');
      child.kill();
      await gone;
    }
  });
  test('top shows the usage that the nodes measured', async () => {
    assert.match((await kubectl('top', 'pods')).stdout, /web\s+250m\s+64Mi/);
    await ask(server, 'patch', 'nodes', {
      name: 'n1',
      subresource: 'status',
      contentType: 'application/merge-patch+json',
      body: { status: { allocatable: { cpu: '2', memory: '4Gi' } } },
    });
    assert.match((await kubectl('top', 'nodes')).stdout, /n1\s+500m\s+25%\s+1024Mi\s+25%/);
  });
}

async function exchange(port: number, word: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.end(word);
  return (await socket.toArray()).join('');
}
