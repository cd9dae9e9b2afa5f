import { GantryError } from '#kit';

/** The codes of OCI's distribution specification, "Error Codes". */
export type RegistryCode =
  | 'BLOB_UNKNOWN'
  | 'BLOB_UPLOAD_INVALID'
  | 'BLOB_UPLOAD_UNKNOWN'
  | 'DENIED'
  | 'DIGEST_INVALID'
  | 'MANIFEST_BLOB_UNKNOWN'
  | 'MANIFEST_INVALID'
  | 'MANIFEST_UNKNOWN'
  | 'NAME_INVALID'
  | 'NAME_UNKNOWN'
  | 'SIZE_INVALID'
  | 'TOOMANYREQUESTS'
  | 'UNAUTHORIZED'
  | 'UNSUPPORTED';

/** An answer of the registry that is an error. `headers` go with it. */
export class RegistryError extends GantryError {
  readonly detail: unknown;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    code: RegistryCode,
    status: number,
    message: string,
    options: { readonly detail?: unknown; readonly headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(code, status, message);
    this.detail = options.detail;
    this.headers = options.headers ?? {};
  }
}

export const blobUnknown = (repository: string, digest: string) =>
  new RegistryError('BLOB_UNKNOWN', 404, `blob ${digest} is unknown to repository ${repository}`, { detail: { digest } });
export const storedBlobUnknown = (digest: string) =>
  new RegistryError('BLOB_UNKNOWN', 404, `blob ${digest} is not in the object store`, { detail: { digest } });
export const overQuota = (repository: string, used_bytes: number, quota_bytes: number) =>
  new RegistryError(
    'DENIED',
    403,
    `repository ${repository} would have ${used_bytes} bytes, more than its quota of ${quota_bytes}: delete manifests that are not needed, or ask for a larger quota`,
    { detail: { name: repository, usedBytes: used_bytes, quotaBytes: quota_bytes } },
  );
export const manifestUnknown = (repository: string, reference: string) =>
  new RegistryError('MANIFEST_UNKNOWN', 404, `manifest ${reference} is unknown to repository ${repository}`, { detail: { reference } });
export const nameUnknown = (repository: string) =>
  new RegistryError('NAME_UNKNOWN', 404, `repository ${repository} is unknown to this registry`, { detail: { name: repository } });
export const nameInvalid = (repository: string) =>
  new RegistryError('NAME_INVALID', 400, `repository name "${repository}" is malformed: a right one looks like team/app, lower case`);
/** The client said on which condition it meant its request (RFC 9110, 13). */
export const preconditionFailed = (condition: string, etag: string | undefined) =>
  new RegistryError(
    'DENIED',
    412,
    `nothing was done: ${condition} does not hold, ${etag === undefined ? 'there is nothing of that name' : `it is ${etag} now`}`,
  );
export const tagInvalid = (tag: string) =>
  new RegistryError('MANIFEST_INVALID', 400, `"${tag}" is neither a tag nor a digest: a right tag looks like 1.0 and has at most 128 characters`);
export const uploadUnknown = (id: string) => new RegistryError('BLOB_UPLOAD_UNKNOWN', 404, `upload ${id} is unknown: it ended, or was never begun`);
export const manifestBlobUnknown = (digest: string) =>
  new RegistryError('MANIFEST_BLOB_UNKNOWN', 404, `the manifest refers to ${digest}, which is not in this repository: push it first`, { detail: { digest } });
export const manifestInvalid = (problem: string) => new RegistryError('MANIFEST_INVALID', 400, `the manifest cannot be accepted: ${problem}`);
export const digestInvalid = (problem: string) => new RegistryError('DIGEST_INVALID', 400, problem);
/** Whoever looks for an extension is told so by 404 (distribution-spec, "Extensions"). */
export const pathUnknown = (what: string) => new RegistryError('UNSUPPORTED', 404, `${what} is not served by this registry`);
/** `allow`: the methods that are (RFC 9110, 10.2.1). */
export const unsupported = (what: string, allow: string) =>
  new RegistryError('UNSUPPORTED', 405, `${what} is not supported by this registry`, { headers: { allow } });

/** Only this machine may reach the registry: it asks nobody who they are. */
export function notLoopback(host: string): GantryError {
  return new GantryError(
    'REGISTRY_NOT_LOOPBACK',
    400,
    `Cannot let the registry listen on ${host}: nothing is encrypted, so it listens on loopback only; use 127.0.0.1, ::1 or localhost, or give it a certificate (tls) or say "insecure: true" in the file of --registry-config`,
  );
}

/** What the registry is told does not hold. Errors of its start. */
export const settingsInvalid = (problem: string, cause?: unknown) =>
  new GantryError('REGISTRY_SETTINGS_INVALID', 400, `Cannot start the registry: ${problem}`, cause === undefined ? undefined : { cause });
export const htpasswdInvalid = (path: string, problem: string) => settingsInvalid(`the file of users ${path} cannot be taken: ${problem}`);
/** Whoever asks is to say who they are, in the way that the challenge names (RFC 9110, 11.6.1). */
export const unauthorized = (challenge: string, problem = 'authentication required') =>
  new RegistryError('UNAUTHORIZED', 401, problem, { headers: { 'www-authenticate': challenge } });
export const denied = (user: string | undefined, action: string, repository: string) =>
  new RegistryError('DENIED', 403, `${user ?? 'nobody in particular'} may not ${action} ${repository}: the registry's rules allow it to others only`, {
    detail: { action, repository },
  });
export const tooManyRequests = (retryAfter_s: number, problem: string) =>
  new RegistryError('TOOMANYREQUESTS', 429, `${problem}: try again in ${retryAfter_s} s`, { headers: { 'retry-after': String(retryAfter_s) } });
/** A line of a repository's log that no kill can have left. */
export const logBroken = (path: string, cause?: unknown) =>
  new GantryError(
    'RECORD_BROKEN',
    500,
    `Cannot read ${path}: a line of it is no change of a repository; restore the file, or move it away and lose what it has`,
    { cause },
  );
/** The repositories' blobs lie elsewhere than the settings say. */
export const storageMoved = (before: string, now: string) =>
  new GantryError(
    'STORAGE_MOVED',
    400,
    `Cannot use ${now} for the registry: the blobs of its repositories are in ${before}; set "storage" back in the file of --registry-config, or begin with an empty registry`,
  );
