import { ended, isLive } from './container.ts';
import { removeLocked } from './remove-container.ts';
import { decideRestart, nextStreak } from './restart-policy.ts';
import { pathsOf, type Rooms, settle, tell } from './rooms.ts';
import { saveHappened } from './save-happened.ts';
import { startContainer } from './start-container.ts';
import type { Entry } from './table.ts';
import type { ExitState } from './types.ts';

/** The exit code of a container whose end nobody saw. */
const UNSEEN_EXIT_CODE = 255;

/**
 * Takes in that a container's process has ended: state first, so that those who wait know at once; then what belonged
 * to the run goes. `unseen` says when, if its monitor left no word. Calling it too often is fine.
 */
export async function containerEnded(rooms: Rooms, id: string, unseen?: { readonly finishedAt_ms: number }): Promise<void> {
  await rooms.locks.run(id, async () => {
    const entry = rooms.table.byId(id);
    if (entry && isLive(entry.record.state)) await end(rooms, entry, unseen);
  });
}

async function end(rooms: Rooms, entry: Entry, unseen: { readonly finishedAt_ms: number } | undefined): Promise<void> {
  const { record } = entry;
  const { state } = record;
  if (!isLive(state)) return;
  const paths = pathsOf(rooms, record);
  const [seen, oomKilled] = await Promise.all([rooms.crun.exit(paths), rooms.crun.wasOutOfMemory(paths)]);
  const how = seen ?? (unseen ? { exitCode: UNSEEN_EXIT_CODE, ...unseen } : undefined);
  if (how === undefined) return;
  entry.beside?.[Symbol.dispose]();
  entry.beside = undefined;
  entry.health = undefined;
  const exit: ExitState = { ...how, oomKilled, startedAt_ms: state.startedAt_ms };
  const { restartCount, stopRequested, spec } = record;
  const decision = decideRestart(spec.restart, exit, { restartCount, streak: entry.streak, stopRequested });
  const isOver = spec.autoRemove === true && !decision.restart;
  // Its record goes in a moment; until then a new daemon finds out anew what this one knows.
  let isSaved = true;
  if (isOver) entry.record = ended(record, exit, false);
  else isSaved = await saveHappened(rooms, entry, ended(record, exit, decision.restart));
  if (oomKilled) tell(rooms, entry, 'oom');
  tell(rooms, entry, 'die', { exitCode: String(exit.exitCode) });
  settle(entry, 'exit', { exitCode: exit.exitCode });
  await Promise.all([rooms.wires.release(record, record.endpoints), rooms.snapshots.unmount(paths.snapshot), rooms.volumes.releaseAll(record.id)]);
  for (const name of Object.keys(record.endpoints)) rooms.networks.tellConnection('disconnect', rooms.networks.get(name), record.id);
  entry.aftermath = rooms.chores.begin('what a run left stays until the next start of the daemon', () =>
    rooms.crun.clean(record, paths, { keepExit: !isSaved }),
  );
  if (decision.restart) scheduleRestart(rooms, entry, decision.delay_ms, exit);
  else if (isOver) await removeLocked(rooms, entry, { volumes: true });
}

/** Starts it again after the delay, unless it was stopped or started meanwhile. */
export function scheduleRestart(rooms: Rooms, entry: Entry, delay_ms: number, exit: ExitState): void {
  const { id } = entry.record;
  entry.streak = nextStreak(entry.streak, exit);
  const beside = new DisposableStack();
  entry.beside = beside;
  const timer = beside.use(rooms.clock.setTimer(delay_ms, () => void restart(rooms, id)));
  timer.unref();
}

async function restart(rooms: Rooms, id: string): Promise<void> {
  await rooms.locks.run(id, async () => {
    const entry = rooms.table.byId(id);
    if (rooms.isStopping() || entry?.record.state.status !== 'restarting') return;
    entry.record = { ...entry.record, restartCount: entry.record.restartCount + 1 };
    try {
      await startContainer(rooms, entry, { byHand: false });
    } catch (error) {
      rooms.logger.warn('cannot start a container again', { id, error });
      const { state } = entry.record;
      if (state.status !== 'exited' && state.status !== 'restarting') return;
      const decision = decideRestart(entry.record.spec.restart, state.exit, {
        restartCount: entry.record.restartCount,
        streak: entry.streak,
        stopRequested: entry.record.stopRequested,
      });
      if (!decision.restart) return;
      await saveHappened(rooms, entry, ended(entry.record, state.exit, true));
      scheduleRestart(rooms, entry, decision.delay_ms, state.exit);
    }
  });
}
