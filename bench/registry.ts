import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import { output } from '../test/support/run.ts';
import { openRegistries, pushTo, type RegistryPeer } from './support/registries.ts';
import { report } from './support/report.ts';

// What the built-in registry serves with 64 clients, beside Debian's docker-registry where it is installed, in turns, as JSON lines:
// `bin/with-node bench/registry.ts [--rounds 7] [--seconds 2]`. Needs root. Both stand in one pair of namespaces, each asked by the same program.

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '7' }, seconds: { type: 'string', default: '2' } } });
const rounds = Number(values.rounds);
if (!(rounds > 0)) throw new Error('--rounds must be a number above 0');
const [CLIENTS, BLOB_BYTES, MIB] = [64, 100_000_000, 2 ** 20];
const FETCH = new URL('./support/fetch.ts', import.meta.url).pathname;
const REACH_FOR = 1.5;

await using registries = await openRegistries();
const { daemon, peers } = registries;
const blobs = [Buffer.from(JSON.stringify({ architecture: 'amd64', os: 'linux' })), randomBytes(BLOB_BYTES)];
let digest = '';
for (const peer of peers) digest = (await pushTo(daemon, peer, 'bench/blobs', blobs))[1] ?? '';

const rows = [
  {
    what: `blob GET of ${BLOB_BYTES / 1e6} MB, ${CLIENTS} clients`,
    unit: 'MiB/s',
    path: `/v2/bench/blobs/blobs/${digest}`,
    read: (it: Fetched) => it.bytes / MIB,
  },
  { what: `manifest GET by tag, ${CLIENTS} clients`, unit: '1/s', path: '/v2/bench/blobs/manifests/latest', read: (it: Fetched) => it.answers },
];
for (const { what, unit, path, read } of rows) {
  const figures = new Map(peers.map((peer) => [peer, [] as number[]]));
  for (let round = -1; round < rounds; round += 1)
    for (const peer of peers) {
      const figure = read(await ask(peer, path));
      if (round >= 0) figures.get(peer)?.push(figure);
    }
  for (const [{ of }, all] of figures) report({ what, unit, values: all, ...(of === undefined ? {} : { of }) });
  const [own = [], other] = [...figures.values()];
  if (other)
    report({
      what: `${what}: to docker-registry`,
      unit: 'ratio',
      values: own.map((figure, round) => figure / (other[round] ?? 1)),
      reachFor: REACH_FOR,
      more: true,
    });
}

interface Fetched {
  readonly answers: number;
  readonly bytes: number;
}

async function ask({ host, port }: RegistryPeer, path: string): Promise<Fetched> {
  const words = [process.execPath, '--no-warnings', FETCH, host, String(port), path, String(CLIENTS), values.seconds ?? ''];
  return JSON.parse(await output(daemon.inside(words))) as Fetched; // as it prints them
}
