import { GantryError, isSystemError } from '#kit';

/** What a right reference looks like, for whoever wrote a wrong one. */
const RIGHT_REFERENCE =
  'a right one looks like busybox:latest, registry.example:5000/team/app:1.0 or app@sha256:<64 hexadecimal digits>; the repository is lower case';

export function referenceInvalid(text: string, problem: string): GantryError {
  return new GantryError('REFERENCE_INVALID', 400, `invalid reference format: ${JSON.stringify(text)}: ${problem} (${RIGHT_REFERENCE})`);
}

export function digestMalformed(text: string): GantryError {
  return new GantryError(
    'DIGEST_INVALID',
    400,
    `Cannot use digest ${JSON.stringify(text)}: a right one is sha256: and 64 lower-case hexadecimal digits, or sha512: and 128`,
  );
}

export function digestMismatch(expected: string, actual: string): GantryError {
  return new GantryError('DIGEST_INVALID', 400, `Cannot keep content: its digest is ${actual}, expected was ${expected}`);
}

export function sizeMismatch(expected: number, actual: number): GantryError {
  return new GantryError('SIZE_INVALID', 400, `Cannot keep content: it has ${actual} bytes, expected were ${expected}`);
}

export function blobUnknown(digest: string, cause?: unknown): GantryError {
  return new GantryError('BLOB_UNKNOWN', 404, `Cannot find blob ${digest} in the content store`, { cause });
}

export function imageUnknown(name: string): GantryError {
  return new GantryError('IMAGE_UNKNOWN', 404, `No such image: ${name}`);
}

export function imageAmbiguous(prefix: string, count: number): GantryError {
  return new GantryError('IMAGE_AMBIGUOUS', 400, `Cannot tell which image ${prefix} means: ${count} ids begin with it; give more digits`);
}

export function imageInUse(name: string, owner: string): GantryError {
  return new GantryError(
    'IMAGE_IN_USE',
    409,
    `conflict: unable to delete ${name}: image is being used by ${owner.replace('/', ' ')}; remove that first, or force the removal`,
  );
}

export function imageHasNames(id: string, names: readonly string[]): GantryError {
  return new GantryError(
    'IMAGE_IN_USE',
    409,
    `conflict: unable to delete ${id} (must be forced) - image is referenced in multiple repositories: ${names.join(', ')}`,
  );
}

export function manifestInvalid(problem: string, cause?: unknown): GantryError {
  return new GantryError('MANIFEST_INVALID', 400, `Cannot use the manifest: ${problem}`, { cause });
}

export function platformMissing(name: string, wanted: string, offered: readonly string[]): GantryError {
  return new GantryError('PLATFORM_UNKNOWN', 404, `no matching manifest for ${wanted} in the manifest list entries of ${name}; it has ${offered.join(', ')}`);
}

export function tarInvalid(problem: string, cause?: unknown): GantryError {
  return new GantryError('TAR_INVALID', 400, `Cannot unpack the archive: ${problem}`, { cause });
}

/** The machine's trouble while an archive is unpacked, not the archive's. */
export function unpackFailed(problem: string, cause?: unknown): GantryError {
  return new GantryError('UNPACK_FAILED', 500, `Cannot unpack the archive: ${problem}`, { cause });
}

export function diskFull(entry: string, cause?: unknown): GantryError {
  return new GantryError(
    'NO_SPACE',
    500,
    `Cannot unpack the archive: no space left on the disk for entry ${entry}: free some, for example with "docker system prune", then try again`,
    { cause },
  );
}

export function noRoom(problem: string): GantryError {
  return new GantryError(
    'NO_SPACE',
    500,
    `Cannot take in so much: no space left on the disk: ${problem}; free some, for example with "docker system prune", then try again`,
  );
}

export function unpackTooLarge(bytes_max: number): GantryError {
  return new GantryError(
    'UNPACK_TOO_LARGE',
    413,
    `Cannot unpack the archive: more than ${bytes_max} bytes come of it, which is all that one may have here; a daemon started with a larger --unpack-max takes it`,
  );
}

export function bombSuspected(plain_bytes: number, packed_bytes: number, ratio_max: number): GantryError {
  return new GantryError(
    'UNPACK_TOO_LARGE',
    413,
    `Cannot unpack the archive: ${plain_bytes} bytes came of the first ${packed_bytes}, more than ${ratio_max} times as many, as of what is made to fill disks; if it is meant so, a daemon started with a larger --unpack-ratio-max takes it`,
  );
}

/** `error` in words, where it is that of a path which the kernel does not take. */
export function pathTooLong(error: unknown): unknown {
  if (!isSystemError(error, 'ENAMETOOLONG')) return error;
  return new GantryError(
    'LAYER_TOO_DEEP',
    409,
    'Cannot read the files of the container: its folders lie deeper in one another than a path can be long; remove the deepest from inside of it',
    { cause: error },
  );
}

export function compressionDamaged(compression: string, problem: string, cause?: unknown): GantryError {
  return tarInvalid(`its compression is damaged (${compression}: ${problem})`, cause);
}

export function snapshotUnknown(key: string): GantryError {
  return new GantryError('SNAPSHOT_UNKNOWN', 404, `Cannot find snapshot ${key}: prepare it first`);
}

export function formatTooNew(path: string, version: unknown, known: number): GantryError {
  return new GantryError(
    'FORMAT_TOO_NEW',
    500,
    `Cannot read ${path}: its format version ${String(version)} is newer than ${known}, the newest known here; use a newer release of Gantry`,
  );
}

export function recordBroken(path: string, cause?: unknown): GantryError {
  return new GantryError('RECORD_BROKEN', 500, `Cannot read ${path}: it is no record of this store; restore it from a copy or remove it`, { cause });
}

export function configInvalid(path: string, problem: string, cause?: unknown): GantryError {
  return new GantryError('REGISTRIES_CONFIG_INVALID', 400, `Cannot use ${path}: ${problem}`, { cause });
}

export function registryBlocked(name: string): GantryError {
  return new GantryError('REGISTRY_BLOCKED', 403, `Cannot reach ${name}: the registries configuration blocks it`);
}

export function notAvailable(problem: string, status: number, cause?: unknown): GantryError {
  return new GantryError('REGISTRY_FAILED', status, problem, { cause });
}

export function importUnsupported(problem: string): GantryError {
  return new GantryError('IMPORT_UNSUPPORTED', 400, problem);
}

export function archiveInvalid(problem: string, cause?: unknown): GantryError {
  return new GantryError('ARCHIVE_INVALID', 400, `Cannot load the archive: ${problem}`, { cause });
}

export function archiveTooLarge(name: string, size: number, free: number): GantryError {
  return new GantryError(
    'NO_SPACE',
    500,
    `Cannot load the archive: ${JSON.stringify(name)} has ${size} bytes by its header and ${free} bytes are free (no space left on device)`,
  );
}

/** What is to be hashed or copied cannot be. */
export function treeInvalid(path: string, problem: string): GantryError {
  return new GantryError('TREE_INVALID', 400, `Cannot copy to ${JSON.stringify(path)}: ${problem}`);
}

/** A path of a container, in the words of `docker cp`. */
export const pathInvalid = (path: string, why: string) => new GantryError('PATH_INVALID', 400, `Cannot use path ${path}: ${why}`);
export const archiveDoesNotFit = (bytes: number, room_bytes: number) =>
  new GantryError(
    'ARCHIVE_TOO_LARGE',
    413,
    `Cannot unpack the archive: it holds ${bytes} bytes or more, and there is room for ${room_bytes}; nothing was changed`,
  );
export const replacingFailed = (code: number | null) => new GantryError('RUNTIME_FAILED', 500, `Cannot replace a folder of a container: rm ended with ${code}`);
