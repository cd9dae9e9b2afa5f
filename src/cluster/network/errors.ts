import { GantryError } from '#kit';

/** 500: a record of a Pod's address can't be read. */
export function recordUnreadable(path: string, why: string): GantryError {
  return new GantryError(
    'POD_NETWORK_RECORD',
    500,
    `Cannot read the Pod's network record ${path}: ${why}. It was written by another version, or damaged: remove it, and its Pod`,
  );
}

/** 404: the Pod has no network here. */
export function podNotConnected(uid: string): GantryError {
  return new GantryError('POD_NOT_CONNECTED', 404, `Cannot reach pod ${uid}: it has no network on this node (any more)`);
}
