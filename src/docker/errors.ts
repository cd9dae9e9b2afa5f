import { GantryError } from '#kit';

/** The request cannot be understood. */
export function badRequest(message: string, cause?: unknown): GantryError {
  return new GantryError('BAD_REQUEST', 400, message, { cause });
}

/** Something real that this engine does not do; the field or operation is named. */
export function unsupported(what: string): GantryError {
  return new GantryError('UNSUPPORTED', 400, `${what} is not supported by Gantry; leave it out`);
}

export function notImplemented(what: string): GantryError {
  return new GantryError('NOT_IMPLEMENTED', 501, `${what} is not supported by Gantry`);
}

export function noSuchContainer(ref: string): GantryError {
  return new GantryError('CONTAINER_UNKNOWN', 404, `No such container: ${ref}`);
}

export function noSuchExec(id: string): GantryError {
  return new GantryError('EXEC_UNKNOWN', 404, `No such exec instance: ${id}`);
}

export function conflict(message: string): GantryError {
  return new GantryError('CONFLICT', 409, message);
}

export const pageNotFound = new GantryError('NOT_FOUND', 404, 'page not found');

export const notSwarm = new GantryError(
  'NOT_SWARM',
  503,
  'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.',
);
