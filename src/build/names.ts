import { GantryError } from '#kit';
import type { Digest, Reference } from '#image';

const PATTERN = /^(?:([a-zA-Z0-9.-]+(?::\d+)?|\[[0-9a-fA-F:]+\](?::\d+)?)\/)?([a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*)*)(?::(\w[\w.-]{0,127}))?(?:@(sha256:[0-9a-f]{64}))?$/;

/** Parses `[registry/]repository[:tag][@digest]` to a whole reference; without tag and digest the tag is `latest`. Errors: `REFERENCE_INVALID` (400). */
export function parseName(text: string): Reference {
  const match = PATTERN.exec(text);
  if (!match?.[2]) throw invalid(text);
  let registry = match[1];
  let repository = match[2];
  if (registry !== undefined && !/[.:]|^localhost$/.test(registry)) {
    if (/[A-Z]/.test(registry)) throw invalid(text);
    repository = `${registry}/${repository}`;
    registry = undefined;
  }
  registry = registry === undefined || registry === 'index.docker.io' ? 'docker.io' : registry;
  if (registry === 'docker.io' && !repository.includes('/')) repository = `library/${repository}`;
  const digest = match[4];
  const tag = match[3] ?? (digest === undefined ? 'latest' : undefined);
  // The pattern has just proved the digest's form.
  return { registry, repository, ...(tag === undefined ? {} : { tag }), ...(digest === undefined ? {} : { digest: digest as Digest }) };
}

/** The short form that Docker's users know: `busybox:latest`. Accepts a whole name by tag or digest. */
export function familiarName(whole: string): string {
  return whole.replace(/^docker\.io\/(?:library\/(?=[^/]+$))?/, '');
}

/** The whole name as the image store lists it. */
export function wholeName(reference: Reference): string {
  const base = `${reference.registry}/${reference.repository}`;
  return reference.digest === undefined ? `${base}:${reference.tag ?? 'latest'}` : `${base}@${reference.digest}`;
}

function invalid(text: string): GantryError {
  return new GantryError('REFERENCE_INVALID', 400, `invalid reference format: "${text}" (a right one looks like busybox:latest or registry.example:5000/team/app:1.0, lower case)`);
}
