import { connect } from 'node:net';
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { eventually } from '../test/support/eventually.ts';
import { type Footprint, footprintOf } from './support/footprint.ts';
import { apiOf, type GantryPeer, openGantry } from './support/peers.ts';

// What many cycles leave behind, as JSON lines, before and after: `bin/with-node bench/leaks.ts [--cycles 1000]`. Ends with 1 when anything
// grew. Needs root and docker. The daemon stands in namespaces of its own.

const { values } = parseArgs({ options: { cycles: { type: 'string', default: '1000' } } });
const cycles = Number(values.cycles);
if (!(cycles > 0)) throw new Error('--cycles must be a number above 0');
const streams = Math.ceil(cycles / 5);
const WARM_UP = 50;
/** What the collector of garbage and the heaps of the C library leave lying about; anything else must be as it was. */
const SLACK: Readonly<Record<string, number>> = { heap_MB: 2, rss_MB: 30, pss_MB: Number.POSITIVE_INFINITY, threads: 2 };

await using peer = await openGantry({ probed: true });
using api = apiOf(peer);
await peer.docker('run', '-d', '--name', 'held', 'busybox', 'sh', '-c', 'while :; do echo line; sleep 0.05; done');

await watch('create, start, wait, remove', cycles, () => life());
await watch('exec', cycles, () => execute());
await watch('attach, broken off', streams, () => breakOff('POST', '/containers/held/attach?stream=1&stdout=1&stderr=1', true));
await watch('logs, followed and broken off', streams, () => breakOff('GET', '/containers/held/logs?follow=1&stdout=1&tail=1', false));
await watch('events, broken off', streams, () => breakOff('GET', '/events', false));
await watch('stats, broken off', streams, () => breakOff('GET', '/containers/held/stats', false));

async function watch(what: string, count: number, task: () => Promise<void>): Promise<void> {
  for (let round = 0; round < Math.min(WARM_UP, count); round += 1) await task();
  const before = await settled(peer);
  const begun = performance.now();
  for (let round = 0; round < count; round += 1) await task();
  const took_ms = performance.now() - begun;
  const after = await settled(peer, before);
  const grown = grownSince(before, after);
  process.stdout.write(`${JSON.stringify({ what, count, each_ms: Math.round((took_ms / count) * 10) / 10, before, after, grown })}\n`);
  if (grown.length > 0) process.exitCode = 1;
}

function grownSince(before: Footprint, after: Footprint): readonly string[] {
  return Object.entries(after).flatMap(([name, value]) => {
    const was = Object.entries(before).find(([key]) => key === name)?.[1] ?? 0;
    return value > was + (SLACK[name] ?? 0) ? [`${name}: ${was} -> ${value}`] : [];
  });
}

/** Clean-up goes on after the last answer: waits until it is over, and a while longer where it is not. */
async function settled(of: GantryPeer, before?: Footprint): Promise<Footprint> {
  let last = await footprintOf(of);
  await eventually('the footprint to be still', async () => {
    const now = await footprintOf(of);
    const isStill = now.openFiles === last.openFiles && now.interfaces === last.interfaces && now.processes === last.processes && now.cgroups === last.cgroups;
    last = now;
    return isStill && (before === undefined || grownSince(before, now).length === 0);
  }).catch(() => undefined); // what is still more by now is reported
  return last;
}

async function life(): Promise<void> {
  const id = await api.create({ Image: 'busybox', Cmd: ['true'] });
  await api.call('POST', `/containers/${id}/start`);
  await api.call('POST', `/containers/${id}/wait`);
  await api.call('DELETE', `/containers/${id}`);
}

async function execute(): Promise<void> {
  const made = (await api.call('POST', '/containers/held/exec', { Cmd: ['true'], AttachStdout: true })) as { Id: string }; // as the API says
  await hijack('POST', `/exec/${made.Id}/start`, JSON.stringify({ Detach: false }), async (socket) => void (await once(socket.resume(), 'end')));
}

async function breakOff(method: string, path: string, upgrade: boolean): Promise<void> {
  await hijack(method, path, upgrade ? '' : undefined, async (socket) => void (await once(socket, 'data')));
}

/** A request over a connection of its own, which is cut once `until` resolves. */
async function hijack(method: string, path: string, body: string | undefined, until: (socket: ReturnType<typeof connect>) => Promise<void>): Promise<void> {
  const socket = connect(peer.socket);
  try {
    const headers = body === undefined ? '' : `Content-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n`;
    socket.write(`${method} /v1.41${path} HTTP/1.1\r\nHost: docker\r\n${headers}\r\n${body ?? ''}`);
    await until(socket);
  } finally {
    socket.destroy();
  }
}
