import { GantryError } from '#kit';
import type { LeaseId, Revision } from './types.ts';

/** The store's errors: what stands there, what was expected, what to do. */
export class StoreError extends GantryError {
  constructor(
    code:
      | 'COMPACTED'
      | 'FUTURE_REVISION'
      | 'LEASE_NOT_FOUND'
      | 'REVISION_CONFLICT'
      | 'STORE_CLOSED'
      | 'STORE_FAILED'
      | 'STORE_UNAVAILABLE'
      | 'NEWER_FORMAT'
      | 'BACKUP_INVALID'
      | 'NO_TIMES',
    status: number,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(code, status, message, options);
  }
}

export function compacted(wanted: Revision, kept: Revision): StoreError {
  return new StoreError(
    'COMPACTED',
    410,
    `Cannot read revision ${wanted}: history before revision ${kept} was compacted. Read the present state and go on from there`,
  );
}
/** 410: the moment lies before what is kept. */
export function momentCompacted(time_ms: number, oldest_ms: number | undefined): StoreError {
  const reach = oldest_ms === undefined ? 'nothing of it is kept yet' : `it goes back to ${new Date(oldest_ms).toISOString()}`;
  return new StoreError('COMPACTED', 410, `Cannot look at ${new Date(time_ms).toISOString()}: history does not reach so far, ${reach}`);
}
/** 400: there are revisions, and nobody wrote down when they came. */
export function noTimes(): StoreError {
  return new StoreError('NO_TIMES', 400, 'Cannot tell what was there at a moment: etcd keeps no times. Name a revision (a resourceVersion) in its place');
}
/** `cause` is what the last of them answered. */
export function storeUnavailable(endpoints: readonly string[], words: string, cause: unknown): StoreError {
  return new StoreError('STORE_UNAVAILABLE', 503, `Cannot reach etcd at ${endpoints.join(', ')}: ${words}. See that a majority of its members runs`, { cause });
}
/** A write without an expected revision is not repeated: it could be done twice. */
export function outcomeUnknown(key: string, cause: unknown): StoreError {
  return new StoreError('STORE_UNAVAILABLE', 503, `Cannot say whether ${key} was written: the answer of etcd was lost. Read it again`, { cause });
}
export function futureRevision(wanted: Revision, current: Revision): StoreError {
  return new StoreError('FUTURE_REVISION', 400, `Cannot read revision ${wanted}: the store is at revision ${current}`);
}
/** 404: it has ended, or never was. */
export function leaseNotFound(id: LeaseId): StoreError {
  return new StoreError('LEASE_NOT_FOUND', 404, `Cannot find lease ${id}: it has ended. Grant another one`);
}
/** Of a transaction it names the first key that did not stand as expected. */
export class RevisionConflictError extends StoreError {
  readonly key: string;

  constructor(key: string, expected: Revision, actual: Revision) {
    super(
      'REVISION_CONFLICT',
      409,
      `Cannot write ${key}: revision ${expected} was expected there and ${actual} was found. Read it again and repeat the change`,
    );
    this.key = key;
  }
}
export function revisionConflict(key: string, expected: Revision, actual: Revision): RevisionConflictError {
  return new RevisionConflictError(key, expected, actual);
}
export function storeClosed(): StoreError {
  return new StoreError('STORE_CLOSED', 503, 'Cannot use the store: it was closed');
}
export function storeFailed(cause: unknown): StoreError {
  return new StoreError('STORE_FAILED', 500, 'Cannot write to the store: an earlier commit failed, so what is on disk must be read again. Restart the daemon', {
    cause,
  });
}
