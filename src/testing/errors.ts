import { GantryError } from '#kit';

/** 409: it does not run, or there is no such container of that Pod on the node. */
export function notRunning(what: string): GantryError {
  return new GantryError('NOT_RUNNING', 409, what);
}
/** 400: time can be let pass only where it was taken hold of. */
export function clockIsReal(): GantryError {
  return new GantryError('CLOCK_IS_REAL', 400, "Cannot let time pass: the cluster has the machine's clock. Start it with { clock: 'fake' }");
}
/** 400: options that make no cluster. */
export function badOptions(why: string): GantryError {
  return new GantryError('BAD_OPTIONS', 400, `Cannot start the cluster: ${why}`);
}
/** 408: what a test waited for did not happen. */
export function neverHeld(what: string, waited_ms: number, seed: number, cause: unknown): GantryError {
  const why = cause === undefined ? '' : `; the last look at it failed: ${cause instanceof Error ? cause.message : String(cause)}`;
  return new GantryError('NEVER_HELD', 408, `${what} did not happen within ${waited_ms / 1000} s (seed ${seed})${why}`, { cause });
}
/** 400: a manifest that can't be read, or that the API refuses: the server's words and where it stands. */
export function manifestRefused(where: string, words: string, cause: unknown): GantryError {
  return new GantryError('MANIFEST_REFUSED', 400, `${where}: ${words}`, { cause });
}
