import assert from 'node:assert/strict';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createDockerApi } from './api.ts';
import { fakeRooms } from './fake-rooms.testing.ts';

const rooms = fakeRooms();
const api = createDockerApi(rooms);
let folder = '';
let socketPath = '';

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gantry-docker-'));
  socketPath = join(folder, 'd.sock');
  await api.listen({ kind: 'unix', path: socketPath });
});
after(async () => {
  await api.stop();
  await rm(folder, { recursive: true });
});

async function ask(
  method: string,
  path: string,
  body?: object,
): Promise<{ status: number; headers: NodeJS.Dict<string | string[]>; bytes: Buffer; json: () => unknown }> {
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath, method, path, headers: { 'Content-Type': 'application/json' } }, (response) => {
      const chunks: Buffer[] = [];
      response
        .on('data', (chunk: Buffer) => chunks.push(chunk))
        .once('end', () => {
          const bytes = Buffer.concat(chunks);
          resolve({ status: response.statusCode ?? 0, headers: response.headers, bytes, json: () => JSON.parse(bytes.toString()) });
        });
    });
    sent.once('error', reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/** Sends raw HTTP, half-closes after `input`, answers everything that came. */
function hijack(path: string, body: string, input: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path: socketPath, allowHalfOpen: true });
    const chunks: Buffer[] = [];
    socket
      .on('data', (chunk: Buffer) => chunks.push(chunk))
      .once('end', () => resolve(Buffer.concat(chunks)))
      .once('error', reject);
    socket.write(
      `POST ${path} HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    socket.end(input);
  });
}

describe('the Docker API', () => {
  it('has a socket of mode 0660', async () => assert.equal((await stat(socketPath)).mode & 0o777, 0o660));
  it('answers ping with its headers', async () => {
    const { status, headers, bytes } = await ask('GET', '/_ping');
    assert.deepEqual([status, bytes.toString(), headers['api-version'], headers['builder-version'], headers['ostype']], [200, 'OK', '1.56', '1', 'linux']);
    assert.equal((await ask('HEAD', '/_ping')).status, 200);
  });
  it("refuses versions and unknown pages in Docker's shape", async () => {
    assert.equal((await ask('GET', '/v1.99/version')).status, 400);
    assert.equal((await ask('GET', '/v1.20/version')).status, 400);
    const missing = await ask('GET', '/v1.50/nothing');
    assert.deepEqual([missing.status, missing.json()], [404, { message: 'page not found' }]);
    const swarm = await ask('GET', '/v1.50/services');
    assert.equal(swarm.status, 503);
  });
  it('creates, lists, inspects and removes', async () => {
    const created = await ask('POST', '/v1.50/containers/create?name=web', { Image: 'busybox', Cmd: ['sleep', '1'] });
    assert.equal(created.status, 201);
    assert.equal(rooms.made.at(-1)?.image, 'busybox');
    const listed = (await ask('GET', `/containers/json?all=1&filters=${encodeURIComponent('{"name":{"web":true}}')}`)).json() as {
      Names: string[];
      Command: string;
    }[];
    assert.deepEqual(
      listed.map((entry) => [entry.Names, entry.Command]),
      [[['/web'], 'sleep 1']],
    );
    const inspected = (await ask('GET', '/containers/web/json')).json() as { State: { Status: string }; Config: { Cmd: string[] } };
    assert.deepEqual([inspected.State.Status, inspected.Config.Cmd], ['created', ['sleep', '1']]);
    assert.equal((await ask('DELETE', '/containers/web')).status, 204);
    assert.equal((await ask('GET', '/containers/web/json')).status, 404);
  });
  it("does not know a Pod's container", async () => {
    const pod = rooms.add({
      owner: { kind: 'pod', uid: 'u', namespace: 'n', name: 'p', container: 'c', attempt: 0 },
      image: 'busybox',
      network: { kind: 'none' },
      name: 'podded',
    });
    for (const path of ['/containers/podded/json', `/containers/${pod.id}/json`, `/containers/${pod.id}/logs?stdout=1`]) {
      const answer = await ask('GET', path);
      assert.equal(answer.status, 404);
      assert.match(String((answer.json() as { message: string }).message), /^No such container: /);
    }
    assert.deepEqual((await ask('GET', '/containers/json?all=1')).json(), []);
  });
  it('frames logs', async () => {
    rooms.add({ owner: { kind: 'docker' }, image: 'busybox', network: { kind: 'none' }, name: 'logs' });
    const { bytes, headers } = await ask('GET', '/v1.50/containers/logs/logs?stdout=1&stderr=1');
    assert.equal(headers['content-type'], 'application/vnd.docker.multiplexed-stream');
    assert.deepEqual([...bytes.subarray(0, 12)], [1, 0, 0, 0, 0, 0, 0, 4, ...Buffer.from('one\n')]);
    const timed = await ask('GET', '/containers/logs/logs?stderr=1&timestamps=1&details=1');
    assert.equal(timed.bytes.subarray(8).toString(), '2023-01-01T00:00:00.000000002Z  two\n');
  });
  it('hijacks attach: frames out, half-close in', async () => {
    rooms.add({ owner: { kind: 'docker' }, image: 'busybox', network: { kind: 'none' }, name: 'io', openStdin: true });
    const answer = (await hijack('/v1.50/containers/io/attach?stream=1&stdin=1&stdout=1&stderr=1', '', 'hello')).toString('latin1');
    assert.match(answer, /^HTTP\/1\.1 101 UPGRADED\r\n/);
    assert.ok(answer.includes(`\x01\0\0\0\0\0\0\x05hello`), answer);
    assert.ok(answer.includes(`\x02\0\0\0\0\0\0\x03bye`), answer);
  });
  it('hijacks exec, the body before the stream', async () => {
    const { id } = rooms.add({ owner: { kind: 'docker' }, image: 'busybox', network: { kind: 'none' }, name: 'ex' });
    assert.equal((await ask('POST', `/containers/${id}/exec`, { Cmd: ['cat'] })).status, 409);
    await ask('POST', `/containers/${id}/start`);
    assert.equal((await ask('POST', `/containers/${id}/exec`, { Cmd: ['cat'], AttachStdin: true, AttachStdout: true, Tty: true })).status, 201);
    const answer = (await hijack('/v1.50/exec/e1/start', '{"Detach":false,"Tty":true}', 'typed')).toString();
    assert.match(answer, /raw-stream[\s\S]*\r\n\r\ntyped/);
  });
  it('tells errors of an upgraded request as HTTP', async () =>
    assert.match((await hijack('/containers/nobody/attach?stream=1', '', '')).toString(), /^HTTP\/1\.1 404 Not Found[\s\S]*No such container: nobody/));
  it('waits', async () => assert.deepEqual((await ask('POST', '/containers/ex/wait?condition=next-exit')).json(), { StatusCode: 3 }));
  it('lists images by their familiar names', async () => {
    const [image] = (await ask('GET', '/images/json')).json() as { RepoTags: string[] }[];
    assert.deepEqual(image?.RepoTags, ['busybox:latest']);
    assert.deepEqual((await ask('GET', '/images/nope/json')).json(), { message: 'No such image: nope:latest' });
  });
  it('refuses bad filters and bodies', async () => {
    assert.equal((await ask('GET', '/containers/json?filters=%7B%22x%22%3A%5B%22y%22%5D%7D')).status, 400);
    assert.equal((await ask('POST', '/containers/create', { HostConfig: { Devices: [{ PathOnHost: '/dev/x' }] } })).status, 400);
  });
});
