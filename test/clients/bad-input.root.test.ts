import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { LASTING, startDocker } from '../support/docker.ts';
import { type Asked, at, engineRequest } from '../support/engine-request.ts';
import { eventually } from '../support/eventually.ts';

const docker = await startDocker();
after(() => docker[Symbol.asyncDispose]());
const socketPath = docker.daemon.dockerSocket;
const ask = (method: string, path: string, asked?: Asked) => engineRequest(socketPath, method, path, asked);

before(async () => {
  await docker.run('run -d --name live busybox', ...LASTING);
  await docker.run('create --name idle busybox true');
});

const LONG = 'x'.repeat(17 * 2 ** 20);
const CREATE = '/containers/create';
const filtered = (path: string, filters: unknown) =>
  `${path}${path.includes('?') ? '&' : '?'}filters=${encodeURIComponent(typeof filters === 'string' ? filters : JSON.stringify(filters))}`;

/** What is asked, the status, and the words. */
const REFUSED: readonly (readonly [method: string, path: string, asked: Asked, status: number, said: RegExp])[] = [
  ['POST', CREATE, { body: '{"Image":' }, 400, /^invalid JSON/],
  ['POST', CREATE, { body: '{"Image":"busybox"} {}' }, 400, /^invalid JSON/],
  ['POST', CREATE, { body: '[]' }, 400, /must be a JSON object/],
  ['POST', CREATE, {}, 400, /Image must be given/],
  ['POST', CREATE, { body: { Image: 5 } }, 400, /invalid value 5 for Image: it must be a string/],
  ['POST', CREATE, { body: { Image: 'busybox', Cmd: { a: 1 } } }, 400, /Cmd: it must be a list of strings/],
  ['POST', CREATE, { body: { Image: 'busybox', Env: [1] } }, 400, /Env: it must be a list of strings/],
  ['POST', CREATE, { body: { Image: 'busybox', Tty: 'yes' } }, 400, /Tty: it must be true or false/],
  ['POST', CREATE, { body: { Image: 'busybox', HostConfig: [] } }, 400, /HostConfig: it must be an object/],
  ['POST', CREATE, { body: { Image: 'busybox', HostConfig: { Memory: 'much' } } }, 400, /Memory: it must be a whole number/],
  ['POST', CREATE, { body: { Image: 'busybox', Labels: ['a'] } }, 400, /Labels: it must be an object of strings/],
  ['POST', CREATE, { body: { Image: 'busybox', HostConfig: { Umask: 512 } } }, 400, /Umask/],
  ['POST', CREATE, { body: JSON.stringify({ Image: LONG }) }, 413, /larger than 16777216 bytes/],
  [
    'POST',
    CREATE,
    { body: '{"Image":"busybox"}', headers: { 'Content-Type': 'text/plain' } },
    400,
    /unsupported Content-Type header \(text\/plain\): must be 'application\/json'/,
  ],
  ['POST', CREATE, { body: '{"Image":"nosuch"}' }, 404, /^No such image: nosuch:latest$/],
  ['POST', `${CREATE}?name=live`, { body: { Image: 'busybox', Cmd: ['true'] } }, 409, /The container name "\/live" is already in use/],
  ['POST', `${CREATE}?name=a/b`, { body: { Image: 'busybox', Cmd: ['true'] } }, 400, /Invalid container name \(a\/b\), only \[a-zA-Z0-9\]/],
  ['POST', `${CREATE}?platform=plan9`, { body: { Image: 'busybox', Cmd: ['true'] } }, 400, /platform/],
  ['GET', filtered('/containers/json', { bogus: ['x'] }), {}, 400, /^invalid filter 'bogus'/],
  ['GET', filtered('/containers/json', 'no json'), {}, 400, /^invalid filter/],
  ['GET', filtered('/containers/json', { status: ['odd'] }), {}, 400, /invalid filter 'status=\[odd\]'/],
  ['GET', filtered('/containers/json', { name: 5 }), {}, 400, /invalid filter 'name'/],
  ['GET', filtered('/containers/json', { before: ['nobody'] }), {}, 404, /No such container: nobody/],
  ['GET', filtered('/containers/json', { name: ['['] }), {}, 400, /invalid filter 'name=\[\[\]'/],
  ['GET', '/containers/json?limit=many', {}, 400, /invalid value "many" for limit/],
  ['GET', filtered('/images/json', { bogus: ['x'] }), {}, 400, /^invalid filter 'bogus'/],
  ['GET', filtered('/images/json', { dangling: ['maybe'] }), {}, 400, /invalid filter 'dangling=\[maybe\]'/],
  ['GET', filtered('/networks', { bogus: ['x'] }), {}, 400, /^invalid filter 'bogus'/],
  ['GET', filtered('/volumes', { bogus: ['x'] }), {}, 400, /^invalid filter 'bogus'/],
  ['GET', filtered('/events?until=0s', { bogus: ['x'] }), {}, 400, /^invalid filter 'bogus'/],
  ['GET', '/events?since=yesterday', {}, 400, /invalid value for "since"/],
  ['POST', filtered('/containers/prune', { bogus: ['x'] }), {}, 400, /^invalid filter 'bogus'/],
  ['POST', filtered('/images/prune', { bogus: ['x'] }), {}, 400, /^invalid filter 'bogus'/],
  ['POST', filtered('/networks/prune', { bogus: ['x'] }), {}, 400, /^invalid filter 'bogus'/],
  ['POST', filtered('/volumes/prune', { bogus: ['x'] }), {}, 400, /^invalid filter 'bogus'/],
  ['GET', '/containers/nobody/json', {}, 404, /^No such container: nobody$/],
  ['GET', '/containers/%ff/json', {}, 404, /page not found/],
  ['GET', '/containers/live/logs', {}, 400, /you must choose at least one stream/],
  ['GET', '/containers/live/logs?stdout=1&since=x', {}, 400, /invalid value for "since"/],
  ['GET', '/containers/live/top?ps_args=-o%20comm', {}, 400, /PID/],
  ['GET', '/containers/idle/top', {}, 409, /is not running/],
  ['POST', '/containers/idle/kill', {}, 409, /is not running/],
  ['POST', '/containers/live/kill?signal=SIGNONE', {}, 400, /signal/i],
  ['POST', '/containers/live/stop?t=soon', {}, 400, /invalid value "soon" for t/],
  ['POST', '/containers/live/wait?condition=bored', {}, 400, /invalid condition: "bored"/],
  ['POST', '/containers/idle/pause', {}, 409, /is not running/],
  ['POST', '/containers/live/unpause', {}, 409, /not paused/],
  ['POST', '/containers/live/rename', {}, 400, /may (?:not )?be empty/],
  ['POST', '/containers/live/rename?name=idle', {}, 409, /already in use/],
  ['POST', '/containers/live/update', { body: { Memory: 1 } }, 400, /Minimum memory limit allowed is 6MB/],
  ['POST', '/containers/live/update', { body: { Color: 'red' } }, 400, /Color/],
  ['DELETE', '/containers/live', {}, 409, /container is running/],
  ['POST', '/containers/live/exec', { body: {} }, 400, /No exec command specified/],
  ['POST', '/containers/idle/exec', { body: { Cmd: ['true'] } }, 409, /is not running/],
  ['POST', '/exec/nobody/start', { body: {} }, 404, /No such exec instance/],
  ['POST', '/exec/nobody/resize?h=1&w=1', {}, 404, /No such exec instance/],
  ['GET', '/containers/live/archive', {}, 400, /path cannot be empty/],
  ['GET', '/containers/live/archive?path=/nothing', {}, 404, /Could not find the file \/nothing in container/],
  ['PUT', '/containers/live/archive?path=/etc/passwd', { body: Buffer.alloc(1024) }, 400, /not a directory/],
  ['PUT', '/containers/live/archive?path=/tmp', { body: 'this is no archive at all, however long it is read'.repeat(20) }, 400, /no tar archive/],
  ['POST', '/networks/create', { body: {} }, 400, /invalid network name/],
  ['POST', '/networks/create', { body: { Name: 'bridge' } }, 409, /already exists/],
  ['DELETE', '/networks/bridge', {}, 403, /pre-defined network/],
  ['DELETE', '/networks/nobody', {}, 404, /network nobody not found/],
  ['POST', '/networks/bridge/connect', { body: { Container: 'nobody' } }, 404, /No such container: nobody/],
  ['POST', '/volumes/create', { body: { Name: '../up' } }, 400, /invalid characters/],
  ['DELETE', '/volumes/nobody', {}, 404, /no such volume/],
  ['GET', '/images/nobody/json', {}, 404, /No such image: nobody:latest/],
  ['DELETE', '/images/busybox', {}, 409, /unable to (?:remove|delete)|in use|conflict/i],
  ['POST', '/images/busybox/tag?repo=UPPER', {}, 400, /UPPER/],
  ['POST', '/images/create', {}, 400, /fromImage or fromSrc/],
  ['GET', '/images/busybox/json?platform=linux%2Fs390x', {}, 404, /linux\/s390x/],
  ['GET', '/images/busybox/json?platform=x&manifests=1', {}, 400, /platform/],
  ['GET', '/system/df?type=everything', {}, 400, /unknown object type: everything/],
  ['POST', '/auth', { body: '{' }, 400, /^invalid JSON/],
  ['POST', '/build?buildargs=%7B', { body: Buffer.alloc(1024) }, 400, /invalid buildargs/],
  ['POST', '/build', { body: Buffer.alloc(1024) }, 400, /Dockerfile/],
  ['POST', '/build', { body: 'no tar'.repeat(200) }, 400, /tar/],
  ['POST', '/session', {}, 400, /session/],
  ['GET', '/images/busybox/attestations', {}, 501, /attestations/],
  ['GET', '/nowhere', {}, 404, /^page not found$/],
  ['PATCH', '/containers/live/json', {}, 404, /^page not found$/],
];

for (const [method, path, asked, status, said] of REFUSED)
  test(`${method} ${path.slice(0, 90)} ${typeof asked.body === 'string' ? asked.body.slice(0, 40) : JSON.stringify(asked.body ?? '').slice(0, 60)} is ${status}`, async () => {
    const answer = await ask(method, path, asked);
    assert.equal(answer.status, status, answer.bytes.toString().slice(0, 300));
    assert.equal(answer.headers['content-type'], 'application/json');
    assert.match(String(at(answer.json, 'message')), said);
    assert.deepEqual((await docker.run('ps -a --format {{.Names}}')).trim().split('\n').sort(), ['idle', 'live']);
  });

test('the beginning of two ids is ambiguous, of one is enough', async () => {
  const ids: string[] = [];
  // Of seventeen, two begin with the same digit.
  for (let index = 0; index < 17; index += 1)
    ids.push(String(at((await ask('POST', CREATE, { body: { Image: 'busybox', Cmd: ['true'], Labels: { of: 'many' } } })).json, 'Id')));
  const digit = '0123456789abcdef'.split('').find((each) => ids.filter((id) => id.startsWith(each)).length > 1) ?? '';
  const { status, json } = await ask('GET', `/containers/${digit}/json`);
  assert.deepEqual([status, at(json, 'message')], [400, `multiple IDs found with provided prefix: ${digit}`]);
  for (const id of ids) assert.equal((await ask('DELETE', `/containers/${id.slice(0, 20)}`)).status, 204);
});

test('a body too long is answered on the connection, also of a request to upgrade', async () => {
  const socket = connect(socketPath);
  let heard = '';
  socket.setEncoding('utf8').on('data', (text: string) => (heard += text));
  socket.write(`POST /containers/live/attach HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: ${20 * 2 ** 20}\r\n\r\n`);
  await eventually('the answer', () => /^HTTP\/1\.1 413 /.test(heard));
  socket.destroy();
});

test('requests that are never finished do not hold the daemon', async () => {
  const halves = [
    'GET /_pi',
    'POST /containers/create HTTP/1.1\r\nHost: d\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"Image"',
    'PUT /containers/live/archive?path=/tmp HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: chunked\r\n\r\n10\r\nabc',
    'POST /build HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: chunked\r\n\r\n10\r\nabc',
    'POST /images/load HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: chunked\r\n\r\n10\r\nabc',
    'POST /containers/live/attach HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 10\r\n\r\nabc',
    'GET /events HTTP/1.1\r\nHost: d\r\n\r\n',
    'POST /containers/live/wait HTTP/1.1\r\nHost: d\r\n\r\n',
  ];
  const sockets = halves.map((half) => {
    const socket = connect(socketPath);
    socket.on('error', () => undefined);
    socket.write(half);
    return socket;
  });
  const closed = sockets.map((socket) => once(socket, 'close'));
  for (const socket of sockets) socket.resume();
  assert.equal((await ask('GET', '/_ping')).status, 200);
  const outcome = await docker.daemon.gantry(['down'], { timeout_ms: 20_000 });
  assert.equal(outcome.status, 0, outcome.stderr);
  await Promise.all(closed);
});
