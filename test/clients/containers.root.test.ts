import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { LASTING, startDocker } from '../support/docker.ts';
import { at, engineRequest } from '../support/engine-request.ts';
import { eventually } from '../support/eventually.ts';

const docker = await startDocker();
after(() => docker[Symbol.asyncDispose]());
const get = async (path: string) => (await engineRequest(docker.daemon.dockerSocket, 'GET', `/v1.44${path}`)).json;
const post = (path: string, body?: object) => engineRequest(docker.daemon.dockerSocket, 'POST', `/v1.44${path}`, body === undefined ? {} : { body });
const filtered = async (filters: object) => {
  const list = await get(`/containers/json?all=1&filters=${encodeURIComponent(JSON.stringify(filters))}`);
  assert.ok(Array.isArray(list), JSON.stringify(list));
  return list.map((entry) => String(at(entry, 'Names.0')).slice(1)).sort();
};

before(async () => {
  await docker.run('network create club');
  await docker.feed('FROM busybox\nRUN echo child > /child\n', 'build -q -t child -');
  await docker.run(
    'run -d --name web --network club -p 8080:80 --expose 90/udp --label of=web --annotation kind=web --health-cmd true --health-interval 100ms -v data:/data busybox',
    ...LASTING,
  );
  await docker.run('run -d --name alone --network none busybox', ...LASTING);
  await docker.run('pause alone');
  await docker.run('create --name made child true');
  await docker.outcome('run --name failed busybox sh -c', 'exit 3');
  await eventually('health', async () => (await docker.inspect('web', '{{.State.Health.Status}}')) === 'healthy');
});

const ALL = ['alone', 'failed', 'made', 'web'];
test('every filter of the list chooses', async () => {
  const id = await docker.inspect('web', '{{.Id}}');
  const networkId = (await docker.run('network inspect -f {{.Id}} club')).trim();
  for (const [filters, expected] of [
    [{}, ALL],
    [{ ancestor: ['busybox'] }, ALL],
    [{ ancestor: ['child'] }, ['made']],
    [{ ancestor: ['nothing'] }, []],
    [{ before: ['made'] }, ['alone', 'web']],
    [{ since: ['alone'] }, ['failed', 'made']],
    [{ exited: ['3'] }, ['failed']],
    [{ exited: ['0'] }, []],
    [{ expose: ['90/udp'] }, ['web']],
    [{ expose: ['80'] }, ['web']],
    [{ publish: ['8080'] }, ['web']],
    [{ publish: ['80'] }, []],
    [{ health: ['healthy'] }, ['web']],
    [{ health: ['none'] }, ['alone', 'failed', 'made']],
    [{ id: [id.slice(0, 12)] }, ['web']],
    [{ 'is-task': ['true'] }, []],
    [{ 'is-task': ['false'] }, ALL],
    [{ isolation: ['default'] }, ALL],
    [{ isolation: ['hyperv'] }, []],
    [{ label: ['of'] }, ['web']],
    [{ label: ['of=web'] }, ['web']],
    [{ label: ['of=other'] }, []],
    [{ annotation: ['kind=web'] }, ['web']],
    [{ annotation: ['kind=other'] }, []],
    [{ name: ['w.b'] }, ['web']],
    [{ name: ['^/web$'] }, ['web']],
    [{ network: ['club'] }, ['web']],
    [{ network: [networkId] }, ['web']],
    [{ network: ['none'] }, ['alone']],
    [{ status: ['paused'] }, ['alone']],
    [{ status: ['created'] }, ['made']],
    [{ status: ['exited', 'created'] }, ['failed', 'made']],
    [{ volume: ['data'] }, ['web']],
    [{ volume: ['/data'] }, ['web']],
    [{ status: ['running'], label: ['of=web'] }, ['web']],
    [{ status: { running: true } }, ['web']],
  ] as const)
    assert.deepEqual(await filtered(filters), [...expected].sort(), JSON.stringify(filters));
});

test('a list has sizes when asked, the running alone by default, and as many as wanted', async () => {
  const running = await get('/containers/json?size=1');
  assert.ok(Array.isArray(running));
  assert.deepEqual(running.map((entry) => at(entry, 'Names.0')).sort(), ['/alone', '/web']);
  for (const entry of running) assert.ok(Number(at(entry, 'SizeRootFs')) > 0 && Number(at(entry, 'SizeRw')) >= 0);
  const last = await get('/containers/json?limit=2');
  assert.deepEqual(Array.isArray(last) ? last.map((entry) => at(entry, 'Names.0')) : last, ['/failed', '/made']);
  assert.equal(at(await get('/containers/json'), '0.SizeRw'), undefined);
});

/** Fields of the document (ContainerInspectResponse of the Engine API) with the kind of each. */
const INSPECTED = `Id string, Created string, Path string, Args array, State object, State.Status string, State.Running boolean, State.Paused boolean,
State.Restarting boolean, State.OOMKilled boolean, State.Dead boolean, State.Pid number, State.ExitCode number, State.Error string, State.StartedAt string,
State.FinishedAt string, State.Health.Status string, State.Health.FailingStreak number, State.Health.Log array, Image string, ResolvConfPath string,
HostnamePath string, HostsPath string, LogPath string, Name string, RestartCount number, Driver string, Platform string, MountLabel string, ProcessLabel string,
AppArmorProfile string, ExecIDs null, HostConfig object, HostConfig.Binds array, HostConfig.ContainerIDFile string, HostConfig.LogConfig.Type string,
HostConfig.NetworkMode string, HostConfig.PortBindings object, HostConfig.RestartPolicy.Name string, HostConfig.RestartPolicy.MaximumRetryCount number,
HostConfig.AutoRemove boolean, HostConfig.VolumeDriver string, HostConfig.VolumesFrom null, HostConfig.ConsoleSize array, HostConfig.CapAdd null,
HostConfig.CapDrop null, HostConfig.CgroupnsMode string, HostConfig.Dns array, HostConfig.DnsOptions array, HostConfig.DnsSearch array, HostConfig.ExtraHosts null,
HostConfig.GroupAdd null, HostConfig.IpcMode string, HostConfig.Cgroup string, HostConfig.Links null, HostConfig.OomScoreAdj number, HostConfig.PidMode string,
HostConfig.Privileged boolean, HostConfig.PublishAllPorts boolean, HostConfig.ReadonlyRootfs boolean, HostConfig.SecurityOpt null, HostConfig.UTSMode string,
HostConfig.UsernsMode string, HostConfig.ShmSize number, HostConfig.Runtime string, HostConfig.Isolation string, HostConfig.CpuShares number, HostConfig.Memory number,
HostConfig.NanoCpus number, HostConfig.CgroupParent string, HostConfig.BlkioWeight number, HostConfig.CpuPeriod number, HostConfig.CpuQuota number,
HostConfig.CpuRealtimePeriod number, HostConfig.CpuRealtimeRuntime number, HostConfig.CpusetCpus string, HostConfig.CpusetMems string, HostConfig.Devices array,
HostConfig.DeviceCgroupRules null, HostConfig.DeviceRequests null, HostConfig.MemoryReservation number, HostConfig.MemorySwap number, HostConfig.MemorySwappiness null,
HostConfig.OomKillDisable null, HostConfig.PidsLimit null, HostConfig.Ulimits array, HostConfig.CpuCount number, HostConfig.CpuPercent number,
HostConfig.IOMaximumIOps number, HostConfig.IOMaximumBandwidth number, HostConfig.MaskedPaths array, HostConfig.ReadonlyPaths array, GraphDriver.Name string,
Mounts array, Mounts.0.Type string, Mounts.0.Name string, Mounts.0.Source string, Mounts.0.Destination string, Mounts.0.Driver string, Mounts.0.Mode string,
Mounts.0.RW boolean, Mounts.0.Propagation string, Config.Hostname string, Config.Domainname string, Config.User string, Config.AttachStdin boolean,
Config.AttachStdout boolean, Config.AttachStderr boolean, Config.ExposedPorts object, Config.Tty boolean, Config.OpenStdin boolean, Config.StdinOnce boolean,
Config.Env array, Config.Cmd array, Config.Healthcheck object, Config.Image string, Config.Volumes null, Config.WorkingDir string, Config.Entrypoint null,
Config.OnBuild null, Config.Labels object, NetworkSettings.SandboxID string, NetworkSettings.SandboxKey string, NetworkSettings.Ports object,
NetworkSettings.Networks.club.NetworkID string, NetworkSettings.Networks.club.EndpointID string, NetworkSettings.Networks.club.Gateway string,
NetworkSettings.Networks.club.IPAddress string, NetworkSettings.Networks.club.IPPrefixLen number, NetworkSettings.Networks.club.IPv6Gateway string,
NetworkSettings.Networks.club.GlobalIPv6Address string, NetworkSettings.Networks.club.GlobalIPv6PrefixLen number, NetworkSettings.Networks.club.MacAddress string,
NetworkSettings.Networks.club.DNSNames array, NetworkSettings.Networks.club.Links null, NetworkSettings.Networks.club.DriverOpts null`
  .split(/,\s*/)
  .map((text) => text.trim().split(' ') as [string, string]);

test('an inspection has every field of the document', async () => {
  const inspected = await get('/containers/web/json');
  for (const [field, kind] of INSPECTED) {
    const value = at(inspected, field);
    const found = value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;
    assert.equal(found, kind, `${field} is ${JSON.stringify(value)}`);
  }
  assert.deepEqual(at(inspected, 'Mounts.0.Destination'), '/data');
  assert.deepEqual(at(inspected, 'NetworkSettings.Ports.80/tcp.0.HostPort'), '8080');
  assert.equal(at(await get('/containers/made/json?size=1'), 'SizeRw'), 0);
});

test('statistics have what clients reckon with', async () => {
  const first = await get('/containers/web/stats?stream=0');
  const version1 = readFileSync('/proc/self/mountinfo', 'utf8').includes(' - cgroup ');
  const [cpu, before] = [at(first, 'cpu_stats'), at(first, 'precpu_stats')];
  const number = (value: unknown, path: string) => {
    const found = at(value, path);
    assert.equal(typeof found, 'number', `${path}: ${JSON.stringify(found)}`);
    return Number(found);
  };
  for (const path of [
    'cpu_usage.total_usage',
    'cpu_usage.usage_in_kernelmode',
    'cpu_usage.usage_in_usermode',
    'system_cpu_usage',
    'online_cpus',
    'throttling_data.periods',
  ])
    assert.ok(number(cpu, path) >= number(before, path), path);
  const seconds = (Date.parse(String(at(first, 'read'))) - Date.parse(String(at(first, 'preread')))) / 1000;
  assert.ok(seconds > 0.9 && seconds < 5, `${seconds} s lie between the samples`);
  const machine_seconds = (number(cpu, 'system_cpu_usage') - number(before, 'system_cpu_usage')) / 1e9 / number(cpu, 'online_cpus');
  assert.ok(machine_seconds > seconds * 0.7 && machine_seconds < seconds * 1.3, `${machine_seconds} of ${seconds}`);
  for (const name of 'rx_bytes rx_packets rx_errors rx_dropped tx_bytes tx_packets tx_errors tx_dropped'.split(' ')) number(first, `networks.eth0.${name}`);
  for (const path of ['memory_stats.usage', 'memory_stats.limit', 'pids_stats.current']) assert.ok(number(first, path) > 0);
  assert.equal(at(first, 'memory_stats.max_usage') !== undefined, version1);
  assert.equal(at(first, 'memory_stats.failcnt') !== undefined, version1);
  assert.equal(at(first, 'cpu_stats.cpu_usage.percpu_usage') !== undefined, version1);
  assert.equal(typeof at(first, version1 ? 'memory_stats.stats.total_inactive_file' : 'memory_stats.stats.inactive_file'), 'number');
  assert.equal(at(first, 'name'), '/web');
  const bare = await get('/containers/made/stats?stream=0&one-shot=1');
  assert.deepEqual([at(bare, 'read'), at(bare, 'memory_stats'), at(bare, 'networks')], ['0001-01-01T00:00:00Z', {}, undefined]);
  const alone = await get('/containers/alone/stats?stream=0&one-shot=1');
  assert.deepEqual(at(alone, 'networks'), {});
});

test('docker stats shows a share that a busy container has', async () => {
  await docker.run('run -d --name busy --memory 64m busybox sh -c', 'dd if=/dev/zero of=/x bs=1M count=8 conv=fsync 2>/dev/null; while :; do :; done');
  await eventually('a busy processor', async () => Number.parseFloat(await docker.run('stats --no-stream --format {{.CPUPerc}} busy')) > 30);
  const line = await docker.run('stats --no-stream --format', '{{.Name}}|{{.MemUsage}}|{{.PIDs}}|{{.BlockIO}}', 'busy');
  assert.match(line, /^busy\|[\d.]+[KM]iB \/ 64MiB\|1\|/);
  await docker.run('rm -f busy');
});

test('top takes the arguments of ps', async () => {
  const top = async (query: string) => await get(`/containers/web/top${query}`);
  assert.deepEqual(at(await top(''), 'Titles'), ['UID', 'PID', 'PPID', 'C', 'STIME', 'TTY', 'TIME', 'CMD']);
  assert.deepEqual(at(await top('?ps_args=-o%20pid,comm'), 'Titles'), ['PID', 'COMMAND']);
  assert.match(JSON.stringify(at(await top('?ps_args=aux'), 'Processes')), /trap/);
});

test('wait knows its conditions', async () => {
  assert.deepEqual((await post('/containers/failed/wait')).json, { StatusCode: 3 });
  assert.deepEqual((await post('/containers/made/wait?condition=not-running')).json, { StatusCode: 0 });
  await docker.run('create --name again busybox sh -c', 'exit 5');
  const next = post('/containers/again/wait?condition=next-exit');
  await docker.run('start again');
  assert.deepEqual((await next).json, { StatusCode: 5 });
  const removed = post('/containers/again/wait?condition=removed');
  await docker.run('rm again');
  assert.deepEqual((await removed).json, { StatusCode: 5 });
});

test('logs are cut by the fraction of a second, and their words for time are taken', async () => {
  await docker.run('run --name timed busybox sh -c', 'echo one; sleep 0.05; echo two; sleep 0.05; echo three');
  const times = (await docker.run('logs -t timed'))
    .trim()
    .split('\n')
    .map((line) => line.split(' ')[0] ?? '');
  const seconds = (time: string) => `${Math.floor(Date.parse(time) / 1000)}.${/\.(\d+)Z/.exec(time)?.[1]}`;
  const logs = async (query: string) => {
    const { bytes } = await engineRequest(docker.daemon.dockerSocket, 'GET', `/v1.44/containers/timed/logs?stdout=1&${query}`);
    return bytes
      .toString()
      .replace(/[^a-z\n]/g, '')
      .trim()
      .split('\n')
      .filter(Boolean);
  };
  assert.deepEqual(await logs(`since=${seconds(times[1] ?? '')}`), ['two', 'three']);
  assert.deepEqual(await logs(`until=${seconds(times[1] ?? '')}`), ['one', 'two']);
  assert.deepEqual(await logs(`since=${times[1]}&until=${times[1]}`), ['two']);
  assert.deepEqual(await logs('since=10m'), ['one', 'two', 'three']);
  assert.deepEqual(await logs('until=10m'), []);
  assert.deepEqual(await logs('tail=1'), ['three']);
  assert.deepEqual(await logs('tail=all'), ['one', 'two', 'three']);
});

test('an exec is inspected, its id is told while it has not ended', async () => {
  const made = await post('/containers/web/exec', { Cmd: ['sleep', '0.3'], AttachStdout: true, User: 'app', Tty: true });
  const id = String(at(made.json, 'Id'));
  assert.deepEqual(at(await get('/containers/web/json'), 'ExecIDs'), [id]);
  const fresh = await get(`/exec/${id}/json`);
  assert.deepEqual(
    [at(fresh, 'Running'), at(fresh, 'ExitCode'), at(fresh, 'ProcessConfig'), at(fresh, 'OpenStdin'), at(fresh, 'OpenStdout'), at(fresh, 'OpenStderr')],
    [false, null, { tty: true, entrypoint: 'sleep', arguments: ['0.3'], privileged: false, user: 'app' }, false, true, false],
  );
  await post(`/exec/${id}/start`, { Detach: true });
  await eventually('its process', async () => Number(at(await get(`/exec/${id}/json`), 'Pid')) > 0);
  await eventually('its end', async () => at(await get(`/exec/${id}/json`), 'ExitCode') === 0);
  assert.equal(at(await get('/containers/web/json'), 'ExecIDs'), null);
  assert.equal((await post(`/exec/${id}/start`, {})).status, 409);
});

for (const [option, said] of [
  ['--privileged', /capabilit/i],
  ['--cap-add SYS_RESOURCE', /SYS_RESOURCE/],
  ['--ulimit nofile=1000000:1000000', /open files was lowered/],
  ['--oom-score-adj -900', /oom/i],
] as const)
  test(`${option} starts, and says what could not be given`, async () => {
    const bounding = BigInt(`0x${/^CapBnd:\s*(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0'}`);
    const { status, stdout, stderr } = await docker.outcome(`run --rm ${option} busybox echo`, 'it runs');
    assert.equal(status, 0, stderr);
    assert.equal(stdout, 'it runs\n');
    // A daemon that has everything has nothing to say.
    if ((bounding >> 24n) % 2n === 0n) assert.match(stderr, said);
    else assert.equal(stderr, '');
  });
