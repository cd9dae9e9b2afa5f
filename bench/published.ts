import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { output } from '../test/support/run.ts';
import { openGantry } from './support/peers.ts';
import { report } from './support/report.ts';

// Requests a second to a container, by its address and by a published port at 127.0.0.1, in turns, as JSON lines:
// `bin/with-node bench/published.ts [--rounds 15] [--seconds 0.5]`. Needs root and docker. Client and server are small programs of this folder; what
// counts is the ratio of the two ways.

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '15' }, seconds: { type: 'string', default: '0.5' } } });
const rounds = Number(values.rounds);
const ECHO = new URL('./support/echo.ts', import.meta.url).pathname;
const [PORT, PUBLISHED] = ['80', '8080'];

await using peer = await openGantry();
const id = (await peer.docker('run', '-d', '-p', `${PUBLISHED}:${PORT}`, 'busybox', 'sleep', '10000')).trim();
const address = (await peer.docker('inspect', '-f', '{{.NetworkSettings.IPAddress}}', id)).trim();
const pid = (await peer.docker('inspect', '-f', '{{.State.Pid}}', id)).trim();
const server = spawn('nsenter', ['--net', '--target', pid, process.execPath, '--no-warnings', ECHO, 'serve', PORT], { stdio: ['ignore', 'pipe', 'inherit'] });
await once(server.stdout, 'data');
const ask = async (host: string, port: string) =>
  Number(await output(peer.inside([process.execPath, '--no-warnings', ECHO, 'ask', host, port, values.seconds ?? ''])));
const [direct, published]: [number[], number[]] = [[], []];
try {
  for (let round = 0; round < rounds; round += 1) {
    direct.push(await ask(address, PORT));
    published.push(await ask('127.0.0.1', PUBLISHED));
  }
} finally {
  server.kill();
  await peer.docker('rm', '-f', id);
}
report({ what: 'requests to a container, direct', unit: '1/s', values: direct });
report({ what: 'requests by a published port from 127.0.0.1', unit: '1/s', values: published, reachFor: 90_000, more: true });
report({ what: 'published to direct', unit: 'ratio', values: published.map((rate, index) => rate / (direct[index] ?? 1)), reachFor: 0.97, more: true });
