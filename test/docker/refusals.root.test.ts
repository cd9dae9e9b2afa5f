import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startDocker } from '../support/docker.ts';

const docker = await startDocker();
after(() => docker[Symbol.asyncDispose]());

const post = async (path: string, body = '{}') => {
  const words = ['curl', '-s', '--unix-socket', docker.daemon.dockerSocket, '-H', 'content-type: application/json', '-d', body, `http://x${path}`];
  return await docker.inside(words);
};

for (const [line, said] of [
  ['run nosuch.invalid/app:1 true', /Cannot pull nosuch\.invalid\/app:1.*registry nosuch\.invalid/],
  ['run 127.0.0.1:5000/nosuch:1 true', /registry 127\.0\.0\.1:5000.*unknown/],
  ['run --name -bad busybox true', /Invalid container name \(-bad\), only \[a-zA-Z0-9\]/],
  ['run --network nosuch busybox true', /network nosuch not found/],
  ['run --network container:nosuch busybox true', /No such container: nosuch/],
  ['run --rm -u nosuch busybox true', /unable to find user nosuch/],
  ['run --cap-add BOGUS busybox true', /unknown capability "CAP_BOGUS"/],
  ['run --memory 1m busybox true', /Minimum memory limit allowed is 6MB/],
  ['run --volumes-from other busybox true', /No such container: other/],
  ['run --mount type=bind,src=/no/such,dst=/x busybox true', /bind source path does not exist: \/no\/such/],
  ['run -v /:/x:wrong busybox true', /invalid mode: wrong/],
  ['run -v bad!name:/x busybox true', /invalid characters for a local volume name/],
  ['network create --subnet 300.0.0.0/8 bad', /300\.0\.0\.0\/8/],
  ['stop nosuch', /No such container: nosuch/],
  ['network rm bridge', /bridge/],
  ['volume rm nosuch', /no such volume/],
  ['rmi nosuch', /No such image: nosuch/],
  ['push nosuch/image', /An image does not exist locally with the tag: nosuch\/image/],
] as const)
  test(`docker ${line} is refused in words that help, and leaves nothing`, async () => {
    const before = await docker.baseline();
    assert.match(await docker.refused(line), said);
    assert.equal(await docker.run('ps -aq'), '');
    await docker.settled(before);
  });

for (const [path, body, said] of [
  ['/containers/create', '{"Image":"busybox","HostConfig":{"PortBindings":{"80/tcp":[{"HostPort":"99999"}]}}}', /a right one is a number from 1 to 65535/],
  ['/containers/create', '{"Image":"busybox","ExposedPorts":{"http":{}}}', /a right one looks like 80\/tcp/],
  ['/containers/create', '{"Image":"Wrong//Name"}', /a right one looks like busybox:latest/],
  ['/containers/create', '{}', /Image must be given, for example/],
  ['/containers/create', '{"Image":"busybox","HostConfig":{"Frobnicate":1}}', /HostConfig\.Frobnicate.*not supported/],
  ['/images/create?fromImage=Wrong//Name', '', /a right one looks like busybox:latest/],
  ['/volumes/create', '{"Name":"a b"}', /only .*a-zA-Z0-9_.-.* are allowed/],
  ['/containers/create', '{"Image":', /invalid JSON/],
] as const)
  test(`POST ${path} of ${body || 'nothing'} says what a right one looks like`, async () => {
    assert.match(await post(path, body), said);
    assert.equal(await docker.run('ps -aq'), '');
  });
