import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isSystemError, namesIn } from '#kit';
import { ended, isLive, lastExit } from './container.ts';
import { containerEnded, scheduleRestart } from './end-container.ts';
import { containerOfSnapshot } from './mount-sources.ts';
import { removeLocked } from './remove-container.ts';
import { startsWithDaemon } from './restart-policy.ts';
import { leaseOwner, pathsOf, type Rooms, SNAPSHOT_PREFIX } from './rooms.ts';
import { saveHappened } from './save-happened.ts';
import { startContainer } from './start-container.ts';
import { EMBEDDED_DNS } from './name-files.ts';
import type { Entry } from './table.ts';

const CONTAINER_ID = /^[0-9a-f]{64}$/;

/** Repairs what a killed daemon or a restarted machine left, and takes up the containers that run. */
export async function recover(rooms: Rooms): Promise<void> {
  await removeLeftovers(rooms);
  const running = rooms.table.all().filter(({ record }) => isLive(record.state));
  await rooms.volumes.recoverMounts((name) => running.flatMap(({ record }) => (record.mounts.some((mount) => mount.name === name) ? [record.id] : [])));
  await Promise.all(rooms.table.all().map((entry) => recoverOne(rooms, entry)));
}

async function recoverOne(rooms: Rooms, entry: Entry): Promise<void> {
  try {
    const { state } = entry.record;
    if (isLive(state)) await takeUp(rooms, entry);
    else if (rooms.isStopping()) return;
    else if (state.status === 'restarting') scheduleRestart(rooms, entry, 0, state.exit);
    else if (entry.record.spec.autoRemove && state.status === 'exited') await removeLocked(rooms, entry, { volumes: true });
    else if (state.status === 'exited' && startsWithDaemon(entry.record.spec.restart, entry.record.stopRequested)) await startAgain(rooms, entry);
  } catch (error) {
    rooms.logger.error('cannot recover a container', { id: entry.record.id, error });
  }
}

/** It ran when the daemon ended: it still does, or its monitor wrote how it ended. */
async function takeUp(rooms: Rooms, entry: Entry): Promise<void> {
  const { record } = entry;
  const { state } = record;
  if (!isLive(state)) return;
  const paths = pathsOf(rooms, record);
  const isAlive = (await rooms.linux.processes.startTime(state.pid)) === state.startTime;
  if (!isAlive && ((await rooms.crun.exit(paths)) || !(await hasMonitor(rooms, entry))))
    return await containerEnded(rooms, record.id, { finishedAt_ms: rooms.clock.now() });
  // It may have been put on record and not yet let go.
  if (isAlive && rooms.crun.runtimes.isKnown(record.spec.runtime)) await rooms.crun.letGo(record);
  // Whoever only takes it down publishes nothing and answers no names.
  if (!rooms.isStopping() && isAlive) await mendLinks(rooms, entry, state.pid);
  if (!rooms.isStopping()) await publishAgain(rooms, entry);
  if (!rooms.isStopping() && (await servesNames(paths.resolvConf, record.spec.network.kind))) await rooms.wires.serveNames(entry);
  rooms.accompany(entry);
}

async function mendLinks(rooms: Rooms, { record }: Entry, pid: number): Promise<void> {
  try {
    await rooms.wires.mend(record, pid);
  } catch (error) {
    rooms.logger.warn('a running container lacks a link that is on record', { id: record.id, error });
  }
}

/** A crash may have come between the kernel's rules and the record: what was answered is what is on record. */
async function publishAgain(rooms: Rooms, { record }: Entry): Promise<void> {
  try {
    await rooms.wires.publishRecorded(record);
  } catch (error) {
    rooms.logger.warn('a port that is on record can no longer be published', { id: record.id, error });
  }
}

/** A monitor that still stands is about to write how its container ended. */
async function hasMonitor(rooms: Rooms, entry: Entry): Promise<boolean> {
  const pid = await rooms.crun.monitorPid(pathsOf(rooms, entry.record));
  if (pid === undefined) return false;
  try {
    return (await readFile(`/proc/${pid}/comm`, 'utf8')).trim() === 'conmon';
  } catch (error) {
    if (isSystemError(error, 'ENOENT') || isSystemError(error, 'ESRCH')) return false;
    throw error;
  }
}

async function servesNames(resolvConf: string, kind: string): Promise<boolean> {
  if (kind !== 'networks') return false;
  try {
    return (await readFile(resolvConf, 'utf8')).includes(`nameserver ${EMBEDDED_DNS}`);
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return false;
    throw error;
  }
}

async function startAgain(rooms: Rooms, entry: Entry): Promise<void> {
  await rooms.locks.run(entry.record.id, async () => {
    const exit = lastExit(entry.record);
    try {
      await startContainer(rooms, entry, { byHand: false });
    } catch (error) {
      rooms.logger.warn('cannot start a container with the daemon', { id: entry.record.id, error });
      if (exit) await saveHappened(rooms, entry, ended(entry.record, { ...exit, error: String(error) }, false));
    }
  });
}

/** Snapshots, leases, groups, namespaces and bundles that no running container stands for. */
async function removeLeftovers(rooms: Rooms): Promise<void> {
  const known = (id: string) => rooms.table.byId(id) !== undefined;
  const lives = (id: string) => {
    const entry = rooms.table.byId(id);
    return entry !== undefined && isLive(entry.record.state);
  };
  const idle = (ids: readonly string[]) => ids.filter((id) => CONTAINER_ID.test(id) && !lives(id));
  const [groups, namespaces, bundles, exits, states, held] = await Promise.all([
    rooms.linux.cgroups.children(`gantry-${rooms.id}`),
    rooms.network.listNamespaces(),
    namesIn(join(rooms.runDir, 'containers')),
    namesIn(rooms.crun.exitDir),
    rooms.crun.states(),
    namesIn(join(rooms.runDir, 'held')),
  ]);
  const lost = new Set(idle([...groups, ...namespaces, ...bundles, ...exits, ...states.keys(), ...held]));
  for (const id of lost) {
    const entry = rooms.table.byId(id);
    rooms.logger.info('removing what a container left', { id });
    const spec = entry?.record.spec ?? { owner: { kind: 'docker' as const }, image: '', network: { kind: 'none' as const } };
    const runtime = states.get(id) ?? spec.runtime;
    // A cast because the id is one that the engine gave itself.
    const record = { id: id as Entry['record']['id'], spec: { ...spec, ...(runtime === undefined ? {} : { runtime }) } };
    await rooms.network.unpublish(id);
    await rooms.network.removeNamespace(id);
    await rooms.crun.clean(record, pathsOf(rooms, record));
    if (entry) await rooms.snapshots.unmount(pathsOf(rooms, record).snapshot);
  }
  await rooms.volumes.removeOrphans(known);
  for (const key of await rooms.snapshots.list()) if (key.startsWith(SNAPSHOT_PREFIX) && !known(containerOfSnapshot(key))) await rooms.snapshots.remove(key);
  for (const owner of rooms.images.leases(leaseOwner('')).keys()) if (!known(owner.slice(leaseOwner('').length))) await rooms.images.release(owner);
}
