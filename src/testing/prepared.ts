import { FakeClock, seededRandom, silentLogger } from '#kit';
import { type Content, ControlPlane } from './control-plane.ts';
import { settle } from './settle.ts';

/** When clusters begin where nobody says: what every cluster has was made then. */
export const BEGINNING_MS = Date.parse('2026-01-01T00:00:00Z');
/** Of what every cluster has, so that it is the same whatever a cluster's own seed. */
const SEED = 0;

let prepared: Promise<Content> | undefined;

/** What every cluster has (namespaces, roles, accounts, …), made once for all of them: always the same, so that it is no state. */
export function preparedContent(): Promise<Content> {
  prepared ??= prepare();
  return prepared;
}

async function prepare(): Promise<Content> {
  const surroundings = { clock: new FakeClock(BEGINNING_MS), random: seededRandom(SEED), logger: silentLogger };
  const plane = await ControlPlane.start(surroundings, { items: [], revision: 0 }, { user: { name: 'nobody', groups: [] }, token: '' });
  await settle(() => String(plane.revision));
  const content = await plane.content();
  await plane.stop();
  return content;
}
