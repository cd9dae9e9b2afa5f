import { GantryError } from '#kit';
import type { Container, EngineNetwork, Exec } from '#engine';
import { noSuchContainer, noSuchExec } from './errors.ts';
import type { Rooms } from './options.ts';

/** A container of Docker's users; what belongs to a Pod or a build is unknown here. Errors: 404. */
export function findContainer(rooms: Rooms, ref: string): Container {
  const own = rooms.engine.containers.list(isDockers);
  const name = ref.replace(/^\//, '');
  const exact = own.find((container) => container.id === name || container.name === name);
  if (exact) return exact;
  const starting = /^[0-9a-f]+$/.test(name) ? own.filter((container) => container.id.startsWith(name)) : [];
  if (starting.length > 1) throw new GantryError('CONTAINER_AMBIGUOUS', 400, `multiple IDs found with provided prefix: ${ref}`);
  if (!starting[0]) throw noSuchContainer(ref);
  return starting[0];
}

export function isDockers(container: Container): boolean {
  return container.spec.owner.kind === 'docker';
}

/** An exec in a container of Docker's users. */
export function findExec(rooms: Rooms, id: string): Exec {
  let exec: Exec;
  try {
    exec = rooms.engine.execs.get(id);
  } catch (error) {
    if (error instanceof GantryError && error.status === 404) throw noSuchExec(id);
    throw error;
  }
  if (!rooms.engine.containers.list((container) => container.id === exec.containerId && isDockers(container))[0]) throw noSuchExec(id);
  return exec;
}

/** Looks networks up by name or id for the views. */
export function networkByName(rooms: Rooms): (ref: string) => EngineNetwork | undefined {
  const networks = new Map(rooms.engine.networks.list().flatMap((network) => [[network.id, network] as const, [network.name, network] as const]));
  return (ref) => networks.get(ref);
}
