import { FakeClock, seededRandom, silentLogger, systemClock } from '#kit';
import { type Content, ControlPlane } from './control-plane.ts';
import { settle } from './settle.ts';

/** When fake clocks begin where nobody says: what every cluster has was made then. */
export const BEGINNING_MS = Date.parse('2026-01-01T00:00:00Z');
/** Of what every cluster has, so that it is the same whatever a cluster's own seed. */
const SEED = 0;

const prepared = new Map<'system' | 'fake', Promise<Content>>();

/**
 * What every cluster has (namespaces, roles, accounts, …), made once for all of them and never changed, so that it is no state: by a fake clock
 * always the same, by the machine's as old as the first cluster.
 */
export function preparedContent(clock: 'system' | 'fake'): Promise<Content> {
  const made = prepared.get(clock) ?? prepare(clock === 'fake' ? BEGINNING_MS : systemClock.now());
  prepared.set(clock, made);
  return made;
}

async function prepare(time_ms: number): Promise<Content> {
  const surroundings = { clock: new FakeClock(time_ms), random: seededRandom(SEED), logger: silentLogger };
  const plane = await ControlPlane.start(surroundings, { items: [], revision: 0 }, { user: { name: 'nobody', groups: [] }, token: '' });
  await settle(() => String(plane.revision));
  const content = await plane.content();
  await plane.stop();
  return content;
}
