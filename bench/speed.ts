import { parseArgs } from 'node:util';
import type { Api } from './support/api.ts';
import { apiOf, type Peer, withEach } from './support/peers.ts';
import { processTree, pss_bytes } from './support/processes.ts';
import { report } from './support/report.ts';

// What users wait for, by the real client and by the API, of Gantry and of the peers that are installed, as JSON lines:
// `bin/with-node bench/speed.ts [--rounds 20]`. Needs root and docker. Each engine stands in namespaces of its own.

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '20' } } });
const rounds = Number(values.rounds);
if (!(rounds > 0)) throw new Error('--rounds must be a number above 0');
const [WARM_UP_ROUNDS, AT_ONCE, SETTLE_MS] = [2, 20, 5_000];
const WRITES_2_MB = 'yes 0123456789012345678901234567890123456789012345678 | head -c 2000000';

await withEach(async (peer) => {
  // What is left of the start and of taking in an image is no part of idling.
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  const parts = await Promise.all((await processTree(peer.pid)).map(pss_bytes));
  const memory = { what: 'memory of the engine, nothing running', unit: 'MB', values: [parts.reduce((sum, bytes) => sum + bytes, 0) / 1e6], reachFor: 90 };
  report({ ...memory, ...(peer.of === undefined ? {} : { of: peer.of }) });
  await commands(peer);
  using api = apiOf(peer);
  await byApi(peer, api);
});

async function timed(task: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await task();
  return performance.now() - begun;
}

/** What a peer can't do with this client is said, and the next row is measured. */
async function row(peer: Peer, what: string, reachFor: number, task: () => Promise<unknown>, count = rounds): Promise<void> {
  if (peer.of === undefined) return await measured(peer, what, reachFor, task, count);
  await measured(peer, what, reachFor, task, count).catch((error: unknown) =>
    process.stdout.write(`${JSON.stringify({ what, of: peer.of, failed: String(error) })}\n`),
  );
}

async function measured(peer: Peer, what: string, reachFor: number, task: () => Promise<unknown>, count: number): Promise<void> {
  const times: number[] = [];
  for (let round = -WARM_UP_ROUNDS; round < count; round += 1) {
    const took = await timed(task);
    if (round >= 0) times.push(took);
  }
  report({ what, unit: 'ms', values: times, reachFor, ...(peer.of === undefined ? {} : { of: peer.of }) });
}

async function commands(peer: Peer): Promise<void> {
  const { docker } = peer;
  await row(peer, 'docker run --rm, bridge', 80, () => docker('run', '--rm', 'busybox', 'true'));
  await row(peer, 'docker run --rm --network none', 60, () => docker('run', '--rm', '--network', 'none', 'busybox', 'true'));
  await row(peer, 'docker run that writes 2 MB', 150, async () => {
    const { length } = await docker('run', '--rm', 'busybox', 'sh', '-c', WRITES_2_MB);
    if (length !== 2_000_000) throw new Error(`${length} bytes of 2000000 came`);
  });
  await docker('run', '-d', '--name', 'held', 'busybox', 'sleep', '1000');
  await row(peer, 'docker exec true', 30, () => docker('exec', 'held', 'true'));
  await row(peer, 'docker ps', 16, () => docker('ps'));
  await row(peer, 'docker version', 20, () => docker('version'));
  await docker('rm', '-f', 'held');
}

async function byApi(peer: Peer, api: Api): Promise<void> {
  const life = async (network: string) => {
    const id = await api.create({ Image: 'busybox', Cmd: ['true'], HostConfig: { NetworkMode: network } });
    await api.call('POST', `/containers/${id}/start`);
    await api.call('POST', `/containers/${id}/wait`);
    await api.call('DELETE', `/containers/${id}`);
  };
  await row(peer, 'create + start + wait + remove by the API, bridge', 45, () => life('bridge'));
  await row(peer, 'create + start + wait + remove by the API, none', 30, () => life('none'));
  const together = () => Promise.all(Array.from({ length: AT_ONCE }, () => life('bridge')));
  await row(peer, `${AT_ONCE} at once by the API, bridge, total`, 600, together, Math.min(rounds, 5));
}
