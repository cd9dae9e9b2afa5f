import { networkInterfaces } from 'node:os';
import { StepError } from '../errors.ts';
import { printNote } from '../print.ts';
import type { Stage } from '../stage.ts';

/** Docker's default capabilities. */
const DEFAULT_CAPABILITIES = 0xa80425fbn;

export async function runContainers(stage: Stage): Promise<void> {
  await life(stage);
  await stage.part('a terminal, inspect, health, stats, stop and start', ['docker'], () => more(stage));
  await stage.part('copies and a named volume', ['docker'], () => files(stage));
  await stage.docker('rm -f mycontainer');
  await stage.part('names on a network of their own', ['docker'], () => names(stage));
  await stage.part('limits', ['docker'], () => limits(stage));
  await confinement(stage);
}

async function life(stage: Stage): Promise<void> {
  const { published } = stage.ports;
  await stage.docker(`run -d --name mycontainer -p ${published}:80 myregistry/myimage:1.0`);
  for (const host of ['127.0.0.1', ...ownAddresses()]) await stage.until(['curl', '-sS', `http://${host}:${published}/`], /hello, from a container/);
  await stage.docker('ps', { shows: new RegExp(`${published}->80/tcp.*mycontainer`) });
  await stage.docker('logs -f mycontainer', { until: /serving on port 80/ });
  await stage.docker('exec mycontainer id', { shows: /uid=1000/ });
}

async function more(stage: Stage): Promise<void> {
  const { published } = stage.ports;
  await stage.run(['script', '-qec', 'docker exec -it mycontainer tty', '/dev/null'], { shows: /\/dev\/pts\/0/ });
  await stage.docker('inspect -f {{.State.Status}},{{.NetworkSettings.IPAddress}} mycontainer', { shows: /^running,10\.88\./ });
  await stage.until(['docker', 'ps', '--format', '{{.Names}} {{.Status}}'], /mycontainer .*\(healthy\)/);
  await stage.docker('stats --no-stream', { shows: /mycontainer/ });
  await stage.docker('stop mycontainer');
  await stage.docker('inspect -f {{.State.Status}},{{.State.ExitCode}} mycontainer', { shows: /^exited,0/ });
  await stage.docker('start mycontainer');
  await stage.until(['curl', '-sS', `http://127.0.0.1:${published}/`], /hello/);
}

async function files(stage: Stage): Promise<void> {
  await stage.docker('cp mycontainer:/www/index.html page.html');
  await stage.run(['cat', 'page.html'], { shows: /hello/ });
  await stage.docker('cp page.html mycontainer:/tmp/page.html');
  await stage.docker('exec mycontainer cat /tmp/page.html', { shows: /hello/ });
  await stage.docker('volume create mydata');
  await stage.run(['docker', 'run', '--rm', '-v', 'mydata:/data', 'busybox', 'sh', '-c', 'echo kept > /data/file']);
  await stage.docker('run --rm -v mydata:/data busybox cat /data/file', { shows: /^kept$/m });
}

async function names(stage: Stage): Promise<void> {
  await stage.docker('network create mynetwork');
  await stage.docker('run -d --name web --network mynetwork myimage');
  await stage.until(['docker', 'run', '--rm', '--network', 'mynetwork', 'busybox', 'wget', '-q', '-O', '-', 'http://web/'], /hello/);
  await stage.docker('rm -f web');
  await stage.docker('network rm mynetwork');
}

async function limits(stage: Stage): Promise<void> {
  const limited = '--memory 64m --cpus 0.5 --pids-limit 50';
  const grow = 'x=a; while true; do x=$x$x; done';
  await stage.run(['docker', 'run', '--name', 'hungry', ...limited.split(' '), 'busybox', 'sh', '-c', grow], { fails: true });
  await stage.docker('inspect -f {{.State.OOMKilled}},{{.State.ExitCode}} hungry', { shows: /^true,137/ });
  await stage.docker('rm hungry');
  await stage.run(['docker', 'run', '-d', '--name', 'busy', ...limited.split(' '), 'busybox', 'sh', '-c', 'while true; do :; done']);
  await stage.until(['docker', 'stats', '--no-stream', '--format', '{{.Name}} {{.CPUPerc}}'], (output) => {
    const percent = Number(/busy ([\d.]+)%/.exec(output)?.[1]);
    return percent >= 45 && percent <= 55;
  });
  await stage.docker('rm -f busy');
}

async function confinement(stage: Stage): Promise<void> {
  const status = await stage.docker('run --rm busybox grep -E ^(CapEff|CapBnd|Seccomp): /proc/self/status', { shows: /Seccomp:\s+2/ });
  const effective = BigInt(`0x${/CapEff:\s+([0-9a-f]+)/.exec(status)?.[1]}`);
  const own = BigInt(`0x${/CapBnd:\s+([0-9a-f]+)/.exec(await stage.run(['grep', 'CapBnd', '/proc/self/status']))?.[1]}`);
  if (effective !== (DEFAULT_CAPABILITIES & own)) throw new StepError(`CapEff is ${effective.toString(16)}`);
  printNote("the capabilities are Docker's, less what this machine itself lacks");
  await stage.docker('run --rm busybox unshare -U true', { fails: true });
  await stage.docker('run --rm busybox mount -t tmpfs none /tmp', { fails: true });
}

const ownAddresses = (): readonly string[] =>
  Object.entries(networkInterfaces())
    .filter(([name]) => !name.startsWith('g'))
    .flatMap(([, addresses]) => addresses ?? [])
    .filter(({ family, internal }) => family === 'IPv4' && !internal)
    .slice(0, 1)
    .map(({ address }) => address);
