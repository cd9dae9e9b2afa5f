import assert from 'node:assert/strict';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { GenericContainer, Network, Wait } from 'testcontainers';

// What a user of testcontainers does, each by its name on the command line; it runs inside the daemon's namespaces, where published ports are.

const WEB = ['sh', '-c', 'mkdir -p /www/cgi-bin && echo fine > /www/index.html && exec httpd -f -v -p 80 -h /www'];

const CASES: Readonly<Record<string, () => Promise<void>>> = {
  async ports() {
    await using container = await new GenericContainer('busybox').withCommand(WEB).withExposedPorts(80).withWaitStrategy(Wait.forListeningPorts()).start();
    const answer = await fetch(`http://${container.getHost()}:${container.getMappedPort(80)}/`);
    assert.equal(await answer.text(), 'fine\n');
  },
  async log() {
    const strategy = Wait.forLogMessage(/ready (\d+)/, 2);
    await using container = await new GenericContainer('busybox')
      .withCommand(['sh', '-c', 'echo ready 1; sleep 0.3; echo ready 2; sleep 60'])
      .withWaitStrategy(strategy)
      .start();
    const stream = await container.logs();
    const [line] = await once(stream, 'data');
    assert.match(String(line), /ready 1/);
    stream.destroy();
  },
  async health() {
    await using container = await new GenericContainer('busybox')
      .withCommand(['sh', '-c', 'sleep 0.5; touch /tmp/up; sleep 60'])
      .withHealthCheck({ test: ['CMD-SHELL', 'test -f /tmp/up'], interval: 200, timeout: 1000, retries: 20, startPeriod: 100 })
      .withWaitStrategy(Wait.forHealthCheck())
      .start();
    assert.equal((await container.exec(['test', '-f', '/tmp/up'])).exitCode, 0);
  },
  async http() {
    await using container = await new GenericContainer('busybox')
      .withCommand(WEB)
      .withExposedPorts({ container: 80, host: 8099 })
      .withWaitStrategy(Wait.forHttp('/index.html', 80).forStatusCode(200))
      .start();
    assert.equal(container.getMappedPort(80), 8099);
  },
  async exec() {
    await using container = await new GenericContainer('busybox').withCommand(['sleep', '60']).withEnvironment({ GIVEN: 'yes' }).start();
    const said = await container.exec(['sh', '-c', 'echo "$GIVEN $MORE $(pwd) $(id -u)"; echo err >&2; exit 4'], {
      env: { MORE: 'too' },
      workingDir: '/tmp',
      user: 'app',
    });
    assert.deepEqual([said.exitCode, said.stdout, said.stderr], [4, 'yes too /tmp 1000\n', 'err\n']);
  },
  async copy() {
    await using container = await new GenericContainer('busybox')
      .withCommand(['sleep', '60'])
      .withCopyContentToContainer([{ content: 'hello', target: '/data/before.txt', mode: 0o600 }])
      .start();
    await container.copyContentToContainer([{ content: 'later', target: '/tmp/after.txt' }]);
    await container.copyFilesToContainer([{ source: import.meta.filename, target: '/tmp/cases.ts' }]);
    const said = await container.exec(['sh', '-c', 'cat /data/before.txt /tmp/after.txt; stat -c %a /data/before.txt; grep -c GenericContainer /tmp/cases.ts']);
    assert.match(said.stdout, /^hellolater600\n[1-9]/);
    assert.ok((await text(await container.copyArchiveFromContainer('/tmp/after.txt'))).includes('later'));
  },
  async network() {
    await using network = await new Network().start();
    await using web = await new GenericContainer('busybox')
      .withNetwork(network)
      .withNetworkAliases('shop', 'store')
      .withCommand(WEB)
      .withExposedPorts(80)
      .start();
    await using client = await new GenericContainer('busybox').withNetwork(network).withCommand(['sleep', '60']).start();
    for (const name of ['shop', 'store', web.getName().replace(/^\//, '')])
      assert.equal((await client.exec(['wget', '-q', '-O', '-', `http://${name}/`])).output, 'fine\n', name);
    assert.ok(web.getIpAddress(network.getName()).split('.').length === 4);
  },
  async stop() {
    const container = await new GenericContainer('busybox').withCommand(['sh', '-c', 'trap "exit 0" TERM; while :; do sleep 0.05; done']).start();
    await container.restart();
    const stopped = await container.stop({ timeout: 5000 });
    assert.equal(stopped.getId(), container.getId());
  },
  async build() {
    const built = await GenericContainer.fromDockerfile(process.env['BUILD_CONTEXT'] ?? '')
      .withBuildArgs({ WHO: 'world' })
      .build('built:1', { deleteOnExit: false });
    await using container = await built.withWaitStrategy(Wait.forOneShotStartup()).start();
    assert.match(await text(await container.logs()), /hello world/);
  },
  async reuse() {
    const make = () => new GenericContainer('busybox').withCommand(['sleep', '60']).withReuse().start();
    const [first, second] = [await make(), await make()];
    assert.equal(first.getId(), second.getId());
    await first.stop();
  },
  /** Leaves everything behind, without a goodbye: it is killed by the test. */
  async abandon() {
    const network = await new Network().start();
    await new GenericContainer('busybox').withName('orphan').withNetwork(network).withCommand(['sleep', '600']).start();
    process.stdout.write('abandoned\n');
    await new Promise(() => undefined);
  },
};

// The client reads logs without holding the process for it.
const held = setInterval(() => undefined, 1000);
await CASES[process.argv[2] ?? '']?.();
clearInterval(held);
process.stdout.write(`passed ${process.argv[2]}\n`);
