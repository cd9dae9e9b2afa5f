import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { makeContext } from '../support/context.ts';
import { startDocker } from '../support/docker.ts';
import { output } from '../support/run.ts';

const docker = await startDocker();
after(() => docker[Symbol.asyncDispose]());

const at = (name: string) => join(docker.daemon.folder, name);
/** Builds a Dockerfile that needs no context, and answers what was said. */
const build = (dockerfile: string, ...words: readonly string[]) => docker.feed(dockerfile, 'build', ...words, '-');

test('a step bears the name that BUILDKIT_SANDBOX_HOSTNAME gives it, and is another step then', async () => {
  const dockerfile = 'FROM busybox\nRUN hostname\n';
  assert.match(await build(dockerfile, '--build-arg', 'BUILDKIT_SANDBOX_HOSTNAME=workshop'), /\nworkshop\n/);
  assert.match(await build(dockerfile), /\n[0-9a-f]{12}\n/);
  const again = await build(dockerfile, '--build-arg', 'BUILDKIT_SANDBOX_HOSTNAME=workshop');
  assert.match(again, /Using cache/);
  assert.doesNotMatch(again, /not consumed/);
});

test('caches of another BUILDKIT_CACHE_MOUNT_NS are other caches', async () => {
  const step = (text: string) => `FROM busybox\nRUN --mount=type=cache,target=/c ${text}\n`;
  await build(step('echo first > /c/file'), '--build-arg', 'BUILDKIT_CACHE_MOUNT_NS=one');
  assert.match(await build(step('ls /c; echo nothing'), '--build-arg', 'BUILDKIT_CACHE_MOUNT_NS=two'), /Running in \w+\nnothing\n/);
  assert.match(await build(step('cat /c/file'), '--build-arg', 'BUILDKIT_CACHE_MOUNT_NS=one'), /\nfirst\n/);
});

test('BUILDKIT_DOCKERFILE_CHECK has its say in the place of the directive', async () => {
  const folder = await makeContext(at('checked'), {
    Dockerfile: '# check=error=true\nFROM busybox AS Big\nRUN true\n',
    Plain: 'FROM busybox AS Big\nRUN true\n',
  });
  const gantry = (...words: readonly string[]) => docker.daemon.gantry(['build', ...words, folder]);
  assert.match((await gantry()).stderr, /StageNameCasing/);
  await output(gantry('--build-arg', 'BUILDKIT_DOCKERFILE_CHECK=skip=all'));
  const plain = ['--file', join(folder, 'Plain')];
  await output(gantry(...plain));
  const { status, stderr } = await gantry(...plain, '--build-arg', 'BUILDKIT_DOCKERFILE_CHECK=error=true');
  assert.notEqual(status, 0);
  assert.match(stderr, /StageNameCasing/);
  const words = ['build', '-f', 'Plain', '--build-arg', 'BUILDKIT_DOCKERFILE_CHECK=error=true', '.'];
  assert.match((await docker.daemon.docker(words, { folder })).stderr, /The argument BUILDKIT_DOCKERFILE_CHECK asks by "error=true"/);
});

test('BUILDKIT_SYNTAX may name what is built in, and nothing else', async () => {
  await build('FROM busybox\n', '--build-arg', 'BUILDKIT_SYNTAX=docker/dockerfile:1.17');
  assert.match(await docker.refusedFeed('FROM busybox\n', 'build --build-arg BUILDKIT_SYNTAX=other/frontend -'), /frontend "other\/frontend" is not supported/);
});

test('what a builder argument asks for in vain is told', async () => {
  assert.match(await build('FROM busybox\n', '--build-arg', 'BUILDKIT_MULTI_PLATFORM=1'), /build-args \[BUILDKIT_MULTI_PLATFORM\] were not consumed/);
});

test('gantry build: limits of CPU and memory reach the steps', async () => {
  const folder = await makeContext(at('limits'), {
    Dockerfile:
      'FROM busybox\nRUN cat /proc/self/cgroup; cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us /sys/fs/cgroup/cpu/cpu.cfs_period_us /sys/fs/cgroup/cpu/cpu.shares 2>/dev/null || cat /sys/fs/cgroup/cpu.max; grep Cpus_allowed_list /proc/self/status\n',
  });
  const said = await output(
    docker.daemon.gantry([
      'build',
      '--cpu-period',
      '50000',
      '--cpu-quota',
      '25000',
      '--cpu-shares',
      '512',
      '--cpuset-cpus',
      '0',
      '-m',
      '64m',
      '--memory-swap',
      '128m',
      folder,
    ]),
  );
  assert.match(said, /\n25000\n50000\n512\n|\n25000 50000\n/);
  assert.match(said, /Cpus_allowed_list:\s+0\n/);
});

test('gantry build: several outputs, the file of the image’s id, the moment of the environment', async () => {
  const folder = await makeContext(at('outputs'), { Dockerfile: 'FROM scratch\nCOPY file /d/\n', file: 'text\n' });
  const id = at('id');
  const words = ['build', '-t', 'several', '-o', at('folder'), '-o', `type=tar,dest=${at('files.tar')}`, '-o', `type=docker,dest=${at('docker.tar')}`];
  await output(docker.daemon.gantry([...words, '--iidfile', id, folder], { environment: { SOURCE_DATE_EPOCH: '1700000000' } }));
  assert.equal(await readFile(join(at('folder'), 'd/file'), 'utf8'), 'text\n');
  assert.match(await docker.inside(['tar', '-tf', at('files.tar')]), /d\/file/);
  assert.match(await docker.inside(['tar', '-tf', at('docker.tar')]), /manifest\.json/);
  assert.equal(await readFile(id, 'utf8'), await docker.inspect('several', '{{.Id}}'));
  assert.match(await docker.inspect('several', '{{.Created}}'), /^2023-11-14T22:13:20/);
  const { status, stderr } = await docker.daemon.gantry(['build', '--squash', folder]);
  assert.notEqual(status, 0);
  assert.match(stderr, /Cannot squash.*COPY --from/);
});
