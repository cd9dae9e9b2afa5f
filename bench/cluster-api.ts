import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { LoadClient } from './api/load-client.ts';
import { applies, type Bench, creates, fill, gets, lists, loopDelay, memory, start, watches } from './api/rows.ts';
import { type ApiPeer, openGantryApi, openKubeApiserver } from './api/servers.ts';

// The API server by its clients' measure, over TLS, as JSON lines: `bin/with-node bench/cluster-api.ts [--rounds 3] [--objects 50000]`. With the path of
// a kube-apiserver in GANTRY_BENCH_KUBE_APISERVER (and of an etcd in GANTRY_BENCH_ETCD) that one is measured after it. Needs root.

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '3' }, objects: { type: 'string', default: '50000' }, pods: { type: 'string', default: '10000' } },
});
const [rounds, objects, pods] = [Number(values.rounds), Number(values.objects), Number(values.pods)];
const { GANTRY_BENCH_KUBE_APISERVER: kubeApiserver, GANTRY_BENCH_ETCD: etcd = '/usr/bin/etcd' } = process.env;

// The probe is not in the one whose start and memory are measured.
await measure(() => openGantryApi({ probed: false }), 'rates');
await measure(() => openGantryApi({ probed: true }), 'delays');
await measure(() => openGantryApi({ probed: false }), 'starts');
if (kubeApiserver !== undefined && existsSync(kubeApiserver) && existsSync(etcd)) {
  await measure(() => openKubeApiserver(kubeApiserver, etcd), 'rates');
  await measure(() => openKubeApiserver(kubeApiserver, etcd), 'starts');
} else process.stdout.write(`${JSON.stringify({ peer: 'kube-apiserver', installed: false })}\n`);

async function measure(open: () => Promise<ApiPeer>, what: 'rates' | 'delays' | 'starts'): Promise<void> {
  await using peer = await open();
  await using load = await LoadClient.start((command) => peer.spawn(command));
  await load.ask({ do: 'target', target: peer.target });
  await load.ask({ do: 'ready', path: '/readyz' });
  const bench = { peer, load, rounds };
  if (what === 'starts') return await starts(bench);
  await peer.probe();
  await work(bench);
  await loopDelay(bench, 'all of it');
}

async function work(bench: Bench): Promise<void> {
  await memory(bench, 'nothing in it', 90);
  await fill(bench, pods, 'pods');
  const full_MB = await memory(bench, `${pods} Pods`, 200);
  await watches(bench, full_MB);
  await bench.load.ask({ do: 'target', target: bench.peer.target });
  await lists(bench);
  await applies(bench);
  await creates(bench, 1, 1200);
  await creates(bench, 64, 6000, 25);
  await gets(bench);
}

async function starts(bench: Bench): Promise<void> {
  await start(bench, 'nothing in it', 300);
  await fill(bench, objects, 'configmaps');
  await start(bench, `${objects} objects`, 1500);
}
