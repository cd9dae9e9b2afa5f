import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { output, run } from '../test/support/run.ts';
import { apiOf, openGantry } from './support/peers.ts';
import { openElsewhere } from './support/registries.ts';
import { report } from './support/report.ts';

// For how long the daemon does not listen while it is at work (the delay of its event loop), as JSON lines:
// `bin/with-node bench/event-loop.ts [--rounds 5]`. Needs root and docker.

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '5' } } });
const rounds = Number(values.rounds);
const [AT_ONCE, MEGABYTES] = [20, 100];

await using peer = await openGantry({ probed: true });
using api = apiOf(peer);
const root = join(peer.folder, 'root.tar');
await writeFile(join(peer.folder, 'big-file'), randomBytes(MEGABYTES * 1e6));
await output(run(['tar', '-cf', root, '-C', peer.folder, 'big-file']));
await peer.docker('import', root, 'big');
await using elsewhere = await openElsewhere(peer, 5_002);
const SMALL_FILES = 1_000;
const context = join(peer.folder, 'context');
await mkdir(context);
await writeFile(join(context, 'Dockerfile'), 'FROM busybox\nCOPY . /files\n');
for (let number = 0; number < SMALL_FILES; number += 1) await writeFile(join(context, `${number}.txt`), `file ${number}\n`.repeat(20));
let shipped = 0;
/** Each time under another name, so that every byte is moved. */
const nameElsewhere = (number: number) => `${elsewhere.host}:${elsewhere.port}/shipped/${number}`;
const push = async () => {
  shipped += 1;
  await peer.docker('tag', 'big', nameElsewhere(shipped));
  await peer.docker('push', nameElsewhere(shipped));
};
/** What was pushed last; nothing here has its blobs any more. */
const pull = async () => {
  await peer.docker('rmi', '-f', 'big', 'other', ...Array.from({ length: shipped }, (_, index) => nameElsewhere(index + 1)));
  await peer.docker('pull', nameElsewhere(shipped));
  await peer.docker('tag', nameElsewhere(shipped), 'big');
};
const life = async () => {
  const id = await api.create({ Image: 'busybox', Cmd: ['true'] });
  await api.call('POST', `/containers/${id}/start`);
  await api.call('POST', `/containers/${id}/wait`);
  await api.call('DELETE', `/containers/${id}`);
};
await peer.docker('create', '--name', 'place', 'busybox', 'true');
const packed = `${root}.gz`;
await output(run(['sh', '-c', `gzip -1 < ${root} > ${packed}`]));
const put = async (archive: string) => {
  await output(peer.inside(['curl', '-sSf', '--unix-socket', peer.socket, '-T', archive, 'http://docker/containers/place/archive?path=/']));
};
const tasks: Readonly<Record<string, () => Promise<unknown>>> = {
  'nothing to do': () => new Promise((resolve) => setTimeout(resolve, 1_000)),
  [`${AT_ONCE} runs at once`]: () => Promise.all(Array.from({ length: AT_ONCE }, life)),
  [`import of ${MEGABYTES} MB`]: () => peer.docker('import', root, 'other'),
  [`save of ${MEGABYTES} MB`]: () => peer.docker('save', '-o', join(peer.folder, 'saved.tar'), 'big'),
  [`build with a COPY of ${SMALL_FILES} files`]: () => peer.docker('build', '--no-cache', '-t', 'built', context),
  [`docker cp of ${MEGABYTES} MB into a container`]: () => put(root),
  [`the same, compressed`]: () => put(packed),
  [`docker cp of it out of one`]: () => peer.docker('cp', 'place:/big-file', join(peer.folder, 'out')),
  [`load of ${MEGABYTES} MB`]: () => peer.docker('load', '-i', join(peer.folder, 'saved.tar')),
  [`commit of ${MEGABYTES} MB`]: () => peer.docker('commit', 'place', 'committed'),
  [`push of ${MEGABYTES} MB to another machine's registry`]: push,
  [`pull of ${MEGABYTES} MB from there`]: pull,
  [`runs, import and save at once`]: () =>
    Promise.all([
      ...Array.from({ length: AT_ONCE }, life),
      peer.docker('import', root, 'other'),
      peer.docker('save', '-o', join(peer.folder, 'saved.tar'), 'big'),
    ]),
};
for (const [what, task] of Object.entries(tasks)) {
  const [p99, max, busy]: [number[], number[], number[]] = [[], [], []];
  for (let round = -1; round < rounds; round += 1) {
    await peer.probe();
    await task();
    const probed = await peer.probe();
    if (round < 0) continue;
    p99.push(probed.delay_p99_ms);
    max.push(probed.delay_max_ms);
    busy.push(probed.busy_p99_ms);
  }
  report({ what: `delay of the event loop, 99th percentile: ${what}`, unit: 'ms', values: p99, reachFor: 20 });
  report({ what: `delay of the event loop, longest: ${what}`, unit: 'ms', values: max });
  report({ what: `its own work in one go, 99th percentile: ${what}`, unit: 'ms', values: busy, reachFor: 20 });
}
