import { readdir, readFile } from 'node:fs/promises';
import { pss_bytes } from '../support/processes.ts';
import { report } from '../support/report.ts';
import type { Answered, LoadClient } from './load-client.ts';
import { configMap, deployment, pod } from './objects.ts';
import type { ApiPeer } from './servers.ts';

/** What is measured, and by whom it is asked. */
export interface Bench {
  readonly peer: ApiPeer;
  readonly load: LoadClient;
  readonly rounds: number;
}

const MAPS = '/api/v1/namespaces/default/configmaps';
const PODS = '/api/v1/namespaces/default/pods';
const DEPLOYMENT = '/apis/apps/v1/namespaces/default/deployments/bench?fieldManager=bench';
const [CLIENTS, SECONDS, PODS_COUNT, WATCHERS, APPLIES] = [64, 3, 10_000, 1000, 500];
const FILLERS = 64;
/** Until garbage is collected and pages are given back. */
const CALM_MS = 5000;
/** Unlike the rest it is about the same on a machine that others use, too. */
const COST = 'processor time of the server for each';
let last = 0;

/** A number that no request before had. */
const fresh = (count = 1_000_000) => (last += count);
const named = ({ peer: { of } }: Bench) => (of === undefined ? {} : { of });

/** From the beginning of the program until it says that it is ready. */
export async function start(bench: Bench, what: string, reachFor_ms: number): Promise<void> {
  const { peer, load, rounds } = bench;
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    await peer.crash();
    const ready = load.ask({ do: 'ready', path: '/readyz' });
    const begun_ms = performance.timeOrigin + performance.now();
    await peer.begin();
    times.push((await ready).ended_at_ms - begun_ms);
  }
  report({ what: `start to /readyz, ${what}`, unit: 'ms', values: times, reachFor: reachFor_ms, ...named(bench) });
}

export async function fill(bench: Bench, count: number, what: 'configmaps' | 'pods'): Promise<void> {
  const [path, body] = what === 'pods' ? [PODS, pod('pod-#')] : [MAPS, configMap('filler-#')];
  await bench.load.ask({ do: 'repeat', request: { method: 'POST', path, body }, clients: FILLERS, count, first: fresh() });
}

export async function creates(bench: Bench, clients: number, reachFor: number, p99_ms?: number): Promise<void> {
  const request = { method: 'POST', path: MAPS, body: configMap('map-#') };
  await rate(bench, `durable creates of a 1 KB ConfigMap, ${clients} at once`, request, clients, reachFor, p99_ms);
}

export async function gets(bench: Bench): Promise<void> {
  await bench.load.ask({ do: 'repeat', request: { method: 'POST', path: MAPS, body: configMap('read') }, clients: 1, count: 1, first: 0 });
  await rate(bench, `GET of one ConfigMap, ${CLIENTS} at once`, { method: 'GET', path: `${MAPS}/read` }, CLIENTS, 12_000);
}

/** As often as they are answered, by so many clients. */
async function rate(
  bench: Bench,
  what: string,
  request: { readonly method: string; readonly path: string; readonly body?: string },
  clients: number,
  reachFor: number,
  p99_ms?: number,
): Promise<void> {
  const all: Answered[] = [];
  const costs: number[] = [];
  for (let round = -1; round < bench.rounds; round += 1) {
    const before_ms = await cpu_ms(bench.peer);
    const answered = await bench.load.ask({ do: 'repeat', request, clients, seconds: round < 0 ? 1 : SECONDS, first: fresh() });
    if (round < 0) continue;
    all.push(answered);
    costs.push(((await cpu_ms(bench.peer)) - before_ms) / answered.count);
  }
  const values = all.map(({ count, took_ms }) => (count / took_ms) * 1000);
  report({ what, unit: '1/s', values, reachFor, more: true, ...named(bench) });
  report({
    what: `${what}: 99th percentile`,
    unit: 'ms',
    values: all.map((one) => one.p99_ms),
    ...(p99_ms === undefined ? {} : { reachFor: p99_ms }),
    ...named(bench),
  });
  report({ what: `${what}: ${COST}`, unit: 'ms', values: costs, ...named(bench) });
  report({ what: `${what}: the part of the time in which the load client was at work`, unit: '%', values: all.map(({ busy }) => busy * 100), ...named(bench) });
}

export async function lists(bench: Bench): Promise<void> {
  const before_ms = await cpu_ms(bench.peer);
  const answered = await bench.load.ask({ do: 'repeat', request: { method: 'GET', path: PODS }, clients: 1, count: 3 * bench.rounds, first: 0 });
  const cost_ms = ((await cpu_ms(bench.peer)) - before_ms) / answered.count;
  const each_MB = answered.bytes / answered.count / 1e6;
  report({ what: `LIST of ${PODS_COUNT} Pods, ${each_MB.toFixed(1)} MB`, unit: 'ms', values: answered.times_ms, reachFor: 150, ...named(bench) });
  const values = answered.times_ms.map((time_ms) => (each_MB / time_ms) * 1000);
  report({ what: `the same`, unit: 'MB/s', values, reachFor: 200, more: true, ...named(bench) });
  report({ what: `the same: ${COST}`, unit: 'ms', values: [cost_ms], ...named(bench) });
}

/** Processor time of the server, its store's included, for each server-side apply that changes one field. */
export async function applies(bench: Bench): Promise<void> {
  const [one, other] = [deployment('bench', 1), deployment('bench', 2)].map((body) => ({
    method: 'PATCH',
    path: DEPLOYMENT,
    type: 'application/apply-patch+yaml',
    body,
  }));
  if (one === undefined || other === undefined) throw new TypeError('two were made');
  const values: number[] = [];
  for (let round = -1; round < bench.rounds; round += 1) {
    const before = await cpu_ms(bench.peer);
    const count = round < 0 ? 20 : APPLIES / 2;
    // One after the other, so that each changes what the one before wrote.
    for (let done = 0; done < count; done += 1)
      for (const request of [one, other]) await bench.load.ask({ do: 'repeat', request, clients: 1, count: 1, first: 0 });
    if (round >= 0) values.push(((await cpu_ms(bench.peer)) - before) / (2 * count));
  }
  report({ what: 'server-side apply of a Deployment that changes one field, processor time', unit: 'ms', values, reachFor: 1.5, ...named(bench) });
}

/** What the watchers cost in memory, and how soon all of them are told. */
export async function watches(bench: Bench, before_MB: number): Promise<void> {
  const { load, rounds } = bench;
  const name = `watched-${fresh()}`;
  await load.ask({ do: 'repeat', request: { method: 'POST', path: MAPS, body: configMap(name, 'mark-0-') }, clients: 1, count: 1, first: 0 });
  await load.ask({ do: 'watch', path: `${MAPS}?watch=true&resourceVersion=0&fieldSelector=metadata.name%3D${name}`, watchers: WATCHERS });
  const after_MB = await calm_MB(bench);
  report({ what: `memory for ${WATCHERS} watchers more`, unit: 'MB', values: [after_MB - before_MB], reachFor: 20, ...named(bench) });
  const request = { method: 'PUT', path: `${MAPS}/${name}`, body: configMap(name, 'mark-#-') };
  await load.ask({ do: 'change', request, rounds: 10, first: fresh() });
  const begun_ms = await cpu_ms(bench.peer);
  const answered = await load.ask({ do: 'change', request, rounds: 40 * rounds, first: fresh() });
  const cost_ms = ((await cpu_ms(bench.peer)) - begun_ms) / answered.count;
  report({ what: `one change, told to ${WATCHERS} watchers`, unit: 'ms', values: answered.times_ms, reachFor: 10, ...named(bench) });
  report({ what: 'the same: 99th percentile', unit: 'ms', values: [answered.p99_ms], reachFor: 25, ...named(bench) });
  report({ what: `the same: ${COST}`, unit: 'ms', values: [cost_ms], ...named(bench) });
  report({ what: 'the same: processor time of the load client for each change', unit: 'ms', values: [answered.cpu_ms / answered.count], ...named(bench) });
}

/** Proportional set size of all its processes, once it has nothing to do. */
export async function calm_MB({ peer }: Bench): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, CALM_MS));
  const sizes = await Promise.all(peer.pids().map(pss_bytes));
  return sizes.reduce((sum, size) => sum + size, 0) / 1e6;
}

export async function memory(bench: Bench, what: string, reachFor: number): Promise<number> {
  const size_MB = await calm_MB(bench);
  report({ what: `memory, ${what}`, unit: 'MB', values: [size_MB], reachFor, ...named(bench) });
  return size_MB;
}

/** Of all threads (proc_pid_schedstat: nanoseconds on a processor). */
async function cpu_ms(peer: ApiPeer): Promise<number> {
  let sum_ns = 0;
  for (const pid of peer.pids()) {
    for (const thread of await readdir(`/proc/${pid}/task`)) sum_ns += Number((await readFile(`/proc/${pid}/task/${thread}/schedstat`, 'utf8')).split(' ')[0]);
  }
  return sum_ns / 1e6;
}

/** How long the server's event loop was away, since it was asked last. */
export async function loopDelay(bench: Bench, what: string): Promise<void> {
  const probed = await bench.peer.probe();
  if (probed === undefined) return;
  report({ what: `delay of the event loop, 99th percentile: ${what}`, unit: 'ms', values: [probed.delay_p99_ms], reachFor: 20 });
  report({ what: `its own work in one go, 99th percentile: ${what}`, unit: 'ms', values: [probed.busy_p99_ms] });
}
