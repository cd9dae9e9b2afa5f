import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { startDocker } from '../support/docker.ts';
import { isInstalled } from '../support/installed.ts';
import { output } from '../support/run.ts';

const docker = await startDocker();
after(() => docker[Symbol.asyncDispose]());

const FILE = {
  version: '2.4',
  services: {
    db: {
      image: 'busybox',
      command: ['sh', '-c', 'sleep 0.3; touch /data/up; echo the db is up; exec httpd -f -p 80 -h /data'],
      init: true,
      volumes: ['data:/data'],
      healthcheck: { test: ['CMD', 'test', '-f', '/data/up'], interval: '200ms', timeout: '1s', retries: 50 },
      networks: { back: { aliases: ['database'] } },
      stop_grace_period: '1s',
    },
    web: {
      build: { context: './web', args: { WHO: 'compose' } },
      depends_on: { db: { condition: 'service_healthy' } },
      ports: ['8088:80'],
      environment: { LEVEL: 'high' },
      networks: ['front', 'back'],
      restart: 'unless-stopped',
      stop_grace_period: '1s',
    },
  },
  volumes: { data: {} },
  networks: { front: {}, back: { internal: true } },
};

for (const [name, command] of [
  ['docker-compose', ['docker-compose']],
  ["docker's plugin compose", ['docker', 'compose']],
] as const)
  test(`${name} brings up two services, one after the other is healthy, and takes everything down`, async (t) => {
    if (!(await isInstalled(t, name, [...command, 'version'], /not found|is not a docker command|unknown command/))) return;
    const folder = join(docker.daemon.folder, 'shop');
    await mkdir(join(folder, 'web'), { recursive: true });
    await writeFile(join(folder, 'docker-compose.yml'), JSON.stringify(FILE));
    await writeFile(
      join(folder, 'web/Dockerfile'),
      'FROM busybox\nARG WHO\nRUN mkdir /www && echo hello $WHO > /www/index.html\nCMD ["httpd","-f","-p","80","-h","/www"]\n',
    );
    const compose = (line: string, ...words: readonly string[]) => output(docker.daemon.inside([...command, ...line.split(' '), ...words], { folder }));
    const before = [await docker.run('network ls -q'), await docker.run('volume ls -q')];

    await compose('up -d');
    assert.match(await compose('ps'), /healthy/);
    assert.match(await compose('logs'), /the db is up/);
    assert.equal(await docker.inside(['curl', '-s', 'http://127.0.0.1:8088/']), 'hello compose\n');
    assert.equal(await compose('exec -T web sh -c', 'wget -q -O /dev/null http://database/up && echo $LEVEL'), 'high\n');
    assert.match(await compose('up -d --scale db=2'), /^[^]*$/);
    assert.equal((await docker.run('ps -q --filter label=com.docker.compose.service=db')).trim().split('\n').length, 2);
    await compose('restart');
    await compose('stop');
    await compose('start');
    assert.equal(await docker.run('ps -q --filter label=com.docker.compose.project=shop').then((ids) => ids.trim().split('\n').length), 3);
    await compose('down -v --rmi local');
    assert.equal(await docker.run('ps -aq'), '');
    assert.deepEqual([await docker.run('network ls -q'), await docker.run('volume ls -q')], before);
  });
