import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Conversation } from '../support/conversation.ts';
import { MAIN } from '../support/daemon.ts';
import { LASTING, startDocker } from '../support/docker.ts';
import { eventually } from '../support/eventually.ts';

const docker = await startDocker();
after(() => docker[Symbol.asyncDispose]());

const httpd = (listen: string) => ['httpd', '-f', '-p', listen, '-h', '/'] as const;
/** Standard output; the exit status must be as said. */
async function why(line: string, status: 0 | 1): Promise<string> {
  const outcome = await docker.daemon.gantry(['why', ...line.split(' ')]);
  assert.equal(outcome.status, status, outcome.stdout + outcome.stderr);
  assert.equal(outcome.stderr, '');
  return outcome.stdout;
}
const listens = (name: string) => eventually(`${name} to listen`, async () => (await docker.run(`exec ${name} netstat -lnt`)).includes('LISTEN'));

test('a port that works: who holds it, the rule, the bridge, the process inside', async () => {
  await docker.run('run -d --name web -p 8080:80 busybox', ...httpd('80'));
  await listens('web');
  const said = await why('port 8080', 0);
  assert.match(said, new RegExp(`ok +this machine +Gantry holds 8080/tcp on 0\\.0\\.0\\.0, :: for a published port \\(process ${docker.daemon.pid}\\)`));
  assert.match(said, /ok +published 0\.0\.0\.0:8080 +leads to 10\.88\.0\.\d+:80\n/);
  assert.match(said, new RegExp(`ok +rule +table inet gantry_${docker.id}, published_everywhere: tcp \\. 8080 → 10\\.88\\.0\\.\\d+ \\. 80\n`));
  assert.match(said, /ok +10\.88\.0\.\d+:80 +container web is running\n/);
  assert.match(said, new RegExp(`ok +bridge gtr${docker.id} +is up, and the container has 10\\.88\\.0\\.\\d+ on it\n`));
  assert.match(said, /ok +inside +httpd \(process \d+\) listens on \[::\]:80\n|ok +inside +httpd \(process \d+\) listens on 0\.0\.0\.0:80\n/);
  assert.match(said, /ok +forwarding /);
  // The same reasons as data.
  const { findings, facts } = JSON.parse(await why('port 8080/tcp -o json', 0));
  assert.deepEqual(
    findings.map(({ detail }: { detail: string }) => detail).filter((detail: string) => !said.includes(detail)),
    [],
  );
  assert.equal(facts.port, 8080);
});

test('nobody listens inside; only on the loopback address; the rule is gone', async () => {
  await docker.run('run -d --name wrong -p 8081:81 busybox', ...httpd('80'));
  await docker.run('run -d --name shy -p 8082:80 busybox', ...httpd('127.0.0.1:80'));
  await Promise.all(['wrong', 'shy'].map(listens));
  assert.match(
    await why('port 8081', 1),
    /STOP +inside +no process listens on 81\/tcp; what listens in there: \S+:80 \(httpd\)\n +→ Publish the port on which it does listen/,
  );
  assert.match(
    await why('port 8082', 1),
    /STOP +inside +httpd \(process \d+\) listens on 127\.0\.0\.1:80 only: packets from outside[^\n]*\n +→ Have the program listen on 0\.0\.0\.0:80 instead/,
  );
  await docker.inside(['nft', 'flush', 'map', 'inet', `gantry_${docker.id}`, 'published_everywhere']);
  assert.match(await why('port 8080', 1), /STOP +rule +the kernel's nftables table has no rule for published 0\.0\.0\.0:8080/);
  await docker.daemon.crash();
  await docker.daemon.restart();
  await why('port 8080', 0);
});

test('a stopped and a paused container, and one that listens unpublished', async () => {
  await docker.run('pause web');
  assert.match(await why('port 8080', 1), /STOP +10\.88\.0\.\d+:80 +container web is paused\n +→ "docker unpause web"/);
  await docker.run('unpause web');
  await docker.run('stop -t 0 web');
  const said = await why('port 8080', 1);
  assert.match(said, /STOP +this machine +no program listens on 8080\/tcp, and nothing is published there/);
  assert.match(said, /STOP +Gantry +container web publishes 8080\/tcp while it runs, but it is exited \(exit code 137\)\n +→ "gantry why container web"/);
  await docker.run('run -d --name plain busybox', ...httpd('8085'));
  await listens('plain');
  assert.match(
    await why('port 8085', 1),
    /in container plain a process listens on 8085\/tcp, but the port is not published[^\n]*\n +→ Publish it with "gantry container port add plain 8085:8085"/,
  );
  await docker.daemon.gantry(['container', 'port', 'add', 'plain', '8085:8085']);
  await why('port 8085', 0);
});

test("another program's port, an unknown one, and what is no port", async () => {
  await using other = new Conversation(docker.daemon.spawn(['busybox', 'nc', '-l', '-p', '8086']));
  const said = await eventually('the listener', async () => {
    const { stdout } = await docker.daemon.gantry(['why', 'port', '8086']);
    return /listens on \S+:8086/.test(stdout) && stdout;
  });
  assert.match(
    said,
    /ok +this machine +busybox \(process \d+\) listens on \S+:8086\nok +Gantry +no container publishes 8086\/tcp, and no Service has it: that program is none of Gantry's\n$/,
  );
  other.type('');
  assert.match(
    await why('port 8087', 1),
    /^STOP +this machine +no program listens on 8087\/tcp, and nothing is published there\nSTOP +Gantry +no container publishes/,
  );
  assert.match(await why('port 53/udp', 1), /no program listens on 53\/udp/);
  for (const line of ['port 0', 'port x', 'port', 'port 1 2', 'port 1 -o yaml', 'it'])
    assert.equal((await docker.daemon.gantry(['why', ...line.split(' ')])).status, 2, line);
});

interface DoctorRow {
  readonly name: string;
  readonly ok: boolean;
  readonly warning?: boolean;
  readonly detail: string;
  readonly remedy?: { readonly advice: string };
}
/** What `gantry doctor` says of others' rules, where the daemon stands. */
async function doctorsForwarding(): Promise<DoctorRow | undefined> {
  const { stdout } = await docker.daemon.inside([process.execPath, '--no-warnings', MAIN, 'doctor', '-o', 'json']);
  return (JSON.parse(stdout) as { findings: readonly DoctorRow[] }).findings.find(({ name }) => name === 'forwarding');
}

test('a foreign table that drops what is forwarded, and forwarding that is off', async () => {
  const nft = (rule: string) => docker.inside(['nft', rule]);
  await nft('add table ip theirs');
  await nft('add chain ip theirs passing { type filter hook forward priority 10; policy drop; }');
  const dropped =
    /STOP +firewall +chain passing of the table "ip theirs", which is not Gantry's, has the policy drop: other machines [^\n]*\n +→ Let it through: "(nft insert rule ip theirs passing ct status dnat accept)"/;
  const [, advice = ''] = dropped.exec(await why('port 8085', 1)) ?? [];
  assert.equal(advice, 'nft insert rule ip theirs passing ct status dnat accept');
  const warned = await doctorsForwarding();
  assert.deepEqual([warned?.ok, warned?.warning], [true, true]);
  assert.match(warned?.detail ?? '', /^chain passing of table ip theirs drops what it does not accept/);
  assert.match(warned?.remedy?.advice ?? '', /"nft insert rule ip theirs passing ct status dnat accept"/);
  // It is as was said: this machine gets through, another container does not, until the advice is taken.
  // Not as the first process, which would not hear the signal.
  const fromOutside = () => docker.outcome('run --rm busybox sh -c', 'timeout 2 wget -O /dev/null http://192.0.2.10:8085/no; exit $?');
  assert.match(
    (await docker.daemon.inside(['curl', '-sS', '--max-time', '3', '-o', '/dev/null', '-w', '%{http_code}', 'http://127.0.0.1:8085/no'])).stdout,
    /404/,
  );
  const refused = await fromOutside();
  assert.equal(refused.status, 143, refused.stderr);
  await docker.inside(advice.split(' '));
  assert.deepEqual(await doctorsForwarding(), { name: 'forwarding', ok: true, detail: 'no other program drops what is forwarded' });
  assert.match(await why('port 8085', 0), /ok +firewall .*but a rule of it accepts what was led to containers/);
  assert.match((await fromOutside()).stderr, /404/);
  await nft('delete table ip theirs');
  await docker.inside(['sh', '-c', 'echo 0 > /proc/sys/net/ipv4/ip_forward']);
  assert.match(await why('port 8085', 1), /STOP +forwarding +net\.ipv4\.ip_forward is off/);
  await docker.inside(['sh', '-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward']);
});

test('why a container ended: by itself, by a stop, a kill, a stranger, for lack of memory', async () => {
  await docker.outcome('run --name failed busybox sh -c', 'echo before; echo the reason >&2; exit 3');
  assert.match(
    await why('container failed', 1),
    /STOP +state +container failed \(busybox: sh -c [\s\S]* is exited, since \S+Z, after [\d.]+ s\nSTOP +end +exit code 3: [\s\S]*ok +restart +no policy[\s\S]*ok +log +the last lines:\n +before\n +the reason\n$/,
  );
  const deaf = ['sh', '-c', 'echo up; trap "" TERM; while :; do sleep 0.05; done'];
  for (const name of ['late', 'shot', 'murdered']) await docker.run(`run -d --name ${name} busybox`, ...deaf);
  await docker.run('stop -t 1 late');
  assert.match(await why('container late', 1), /exit code 137: it was killed \(SIGKILL\) by "stop": it had not ended in time after the stop signal \(15\)/);
  await docker.run('kill shot');
  assert.match(await why('container shot', 1), /137: it was killed \(SIGKILL\) by "kill" or "rm -f"/);
  process.kill(Number(await docker.inspect('murdered', '{{.State.Pid}}')), 'SIGKILL');
  await docker.run('wait murdered');
  assert.match(await why('container murdered', 1), /137: it was killed \(SIGKILL\), not through Gantry/);
  await docker.outcome('run --name hungry -m 8m busybox sh -c', 'x=aaaaaaaaaaaaaaaa; while :; do x=$x$x; done');
  assert.match(await why('container hungry', 1), /out of memory \(its limit is 8 MiB\)\n +→ Raise the limit/);
});

test('why a container does not start or is not well: the program, the port, restarts, health', async () => {
  await docker.outcome('run --name absent busybox nosuchprogram');
  assert.match(await why('container absent', 1), /STOP +start +it could not start: .*nosuchprogram.*\n +→ The program is not in the image/);
  await docker.outcome('run -d --name taken -p 8085:80 busybox', ...httpd('80'));
  assert.match(await why('container taken', 1), /STOP +start +it could not start: Cannot publish port 0\.0\.0\.0:8085\/tcp[^\n]*\n +→ "gantry why port 8085"/);
  await docker.outcome('run --name lost busybox sh -c', 'nosuch');
  assert.match(await why('container lost', 1), /exit code 127: the command was not found/);
  await docker.run('run -d --name again --restart on-failure:2 busybox false');
  await eventually('it to give up', async () =>
    /gave up after 2 tries; it was started again 2 times/.test((await docker.daemon.gantry(['why', 'container', 'again'])).stdout),
  );
  await docker.run('run -d --name ill --health-cmd', 'echo too hot; exit 1', '--health-interval', '100ms', '--health-retries', '1', 'busybox', ...LASTING);
  await eventually('it to be ill', async () => (await docker.inspect('ill', '{{.State.Health.Status}}')) === 'unhealthy');
  assert.match(
    await why('container ill', 1),
    /ok +state +container ill [^\n]* is running\nSTOP +health +unhealthy \(\d+ in a row failed\); the last check ended with 1 and said: too hot\n/,
  );
  assert.match(await why('container plain', 0), /^ok +state +container plain/);
  const none = await docker.daemon.gantry(['why', 'container', 'nobody']);
  assert.deepEqual([none.status, none.stderr], [1, 'gantry: No such container: nobody. "gantry ps -a" lists them\n']);
});

test('without a daemon a port is told of as far as that goes', async () => {
  const { stdout, status } = await docker.daemon.inside([
    process.execPath,
    '--no-warnings',
    new URL('../../src/cli/main.ts', import.meta.url).pathname,
    'why',
    'port',
    '5000',
    '--data-dir',
    '/nowhere',
  ]);
  assert.equal(status, 0, stdout);
  assert.match(stdout, new RegExp(`ok +this machine +\\S+ \\(process ${docker.daemon.pid}\\) listens on 127\\.0\\.0\\.1:5000\nok +Gantry +no daemon answers`));
});
