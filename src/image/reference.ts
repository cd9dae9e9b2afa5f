import { isDigest } from './digest.ts';
import { referenceInvalid } from './errors.ts';
import type { Reference } from './types.ts';

const DEFAULT_REGISTRY = 'docker.io';
const COMPONENT = /^[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*$/;
const HOST = /^(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\[[0-9a-fA-F:.]+\])(?::[0-9]+)?$/;
const TAG = /^\w[\w.-]{0,127}$/;

/**
 * Parses a name as Docker's users write it (grammar of distribution/reference): `busybox` is `docker.io/library/busybox:latest`.
 * Without tag and digest the tag is `latest`. Errors: `REFERENCE_INVALID` (400).
 */
export function parseReference(text: string): Reference {
  const [named = '', ...digests] = text.split('@');
  const digest = digests[0];
  if (digests.length > 1 || (digest !== undefined && !isDigest(digest))) throw referenceInvalid(text, `what follows "@" is no digest`);
  const slash = named.lastIndexOf('/');
  const colon = named.indexOf(':', slash + 1);
  const path = colon < 0 ? named : named.slice(0, colon);
  const tag = colon < 0 ? undefined : named.slice(colon + 1);
  if (tag !== undefined && !TAG.test(tag)) throw referenceInvalid(text, `"${tag}" is no tag`);
  if (isHex64(text)) throw referenceInvalid(text, '64 hexadecimal digits are an id, not a name');
  const place = splitHost(path, text);
  checkRepository(place.repository, text);
  const shownTag = tag ?? (digest === undefined ? 'latest' : undefined);
  return { ...place, ...(shownTag === undefined ? {} : { tag: shownTag }), ...(digest === undefined ? {} : { digest }) };
}

/** True when the text is a repository's path by the grammar: `library/busybox`. */
export function isRepository(text: string): boolean {
  return text.length <= 255 && text.split('/').every((part) => COMPONENT.test(part));
}

/** True when the text is a tag by the grammar. */
export function isTag(text: string): boolean {
  return TAG.test(text);
}

/** The whole name: `docker.io/library/busybox:latest`, by digest where there is one and no tag. */
export function formatReference(reference: Reference): string {
  const tag = reference.tag === undefined ? '' : `:${reference.tag}`;
  const digest = reference.digest === undefined ? '' : `@${reference.digest}`;
  return `${repositoryName(reference)}${tag}${digest}`;
}

/** Registry and repository: `docker.io/library/busybox`. */
export function repositoryName({ registry, repository }: Reference): string {
  return `${registry}/${repository}`;
}

/** The shortest name that means the same: `busybox:latest`, `myregistry/myimage:1.0`. */
export function familiarName(name: Reference | string): string {
  const whole = typeof name === 'string' ? name : formatReference(name);
  return whole.replace(/^docker\.io\/(?:library\/(?=[^/]+$))?/, '');
}

function splitHost(path: string, text: string): { registry: string; repository: string } {
  const slash = path.indexOf('/');
  const first = slash < 0 ? '' : path.slice(0, slash);
  const isHost = /[.:]/.test(first) || first === 'localhost' || first.toLowerCase() !== first;
  if (!isHost) return { registry: DEFAULT_REGISTRY, repository: path.includes('/') ? path : `library/${path}` };
  if (!HOST.test(first)) throw referenceInvalid(text, `"${first}" is no host`);
  const registry = first === 'index.docker.io' ? DEFAULT_REGISTRY : first;
  const rest = path.slice(slash + 1);
  return { registry, repository: registry === DEFAULT_REGISTRY && !rest.includes('/') ? `library/${rest}` : rest };
}

function checkRepository(repository: string, text: string): void {
  if (repository === '' || repository === 'library/') throw referenceInvalid(text, 'it has no repository');
  if (repository.length > 255) throw referenceInvalid(text, 'its repository is longer than 255 characters');
  if (/[A-Z]/.test(repository)) throw referenceInvalid(text, 'repository name must be lowercase');
  const wrong = repository.split('/').find((part) => !COMPONENT.test(part));
  if (wrong !== undefined) throw referenceInvalid(text, `"${wrong}" is no part of a repository's name`);
}

function isHex64(text: string): boolean {
  return /^[0-9a-f]{64}$/.test(text);
}
