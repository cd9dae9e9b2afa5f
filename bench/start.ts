import { parseArgs } from 'node:util';
import { request } from 'node:http';
import { apiOf, openGantry } from './support/peers.ts';
import { report } from './support/report.ts';

// From the beginning of `gantry up --parts engine` until a ping is answered, with containers on record, as JSON lines:
// `bin/with-node bench/start.ts [--stopped 200] [--running 50] [--rounds 7]`. Needs root and docker.

const { values } = parseArgs({
  options: { stopped: { type: 'string', default: '200' }, running: { type: 'string', default: '50' }, rounds: { type: 'string', default: '7' } },
});
const [stopped, running, rounds] = [Number(values.stopped), Number(values.running), Number(values.rounds)];
/** Asking more often would keep it from what it is asked for. */
const PAUSE_MS = 5;
/** Made so many at a time. */
const TOGETHER = 10;

await using peer = await openGantry();
{
  using api = apiOf(peer);
  const make = async (runs: boolean) => {
    const id = await api.create({ Image: 'busybox', Cmd: runs ? ['sleep', '10000'] : ['true'] });
    await api.call('POST', `/containers/${id}/start`);
    if (!runs) await api.call('POST', `/containers/${id}/wait`);
  };
  const all = Array.from({ length: stopped + running }, (_, index) => index < running);
  while (all.length > 0) await Promise.all(all.splice(0, TOGETHER).map(make));
}
const [times, rest]: [number[], number[]] = [[], []];
for (let round = 0; round < rounds; round += 1) {
  await peer.crash();
  const begun = performance.now();
  const ready = peer.restart();
  times.push(await answered(begun));
  await ready;
  rest.push(performance.now() - begun);
}
report({ what: `start until it answers, ${stopped} stopped and ${running} running containers`, unit: 'ms', values: times, reachFor: 500 });
report({ what: 'the same until it says that it is ready', unit: 'ms', values: rest });

/** Asks again and again; the socket of the daemon before is there and refuses. */
async function answered(begun: number): Promise<number> {
  while (!(await ping())) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  return performance.now() - begun;
}

function ping(): Promise<boolean> {
  return new Promise((resolve) => {
    const asking = request({ socketPath: peer.socket, path: '/_ping' }, (response) => {
      response.resume();
      response.once('end', () => resolve(response.statusCode === 200));
    });
    asking.once('error', () => resolve(false));
    asking.end();
  });
}
