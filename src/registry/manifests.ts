import { algorithmOf, type Digest, digestOf, isDigest, isIndex, isTag, parseManifest } from '#image';
import { digestInvalid, manifestBlobUnknown, manifestInvalid, manifestUnknown, nameUnknown, tagInvalid, unsupported } from './errors.ts';
import { checkChange, isSettled } from './http/conditions.ts';
import { answer, type Exchange, readBody } from './http/exchange.ts';
import type { Hooks } from './hooks/hooks.ts';
import type { RegistryEvent } from './hooks/types.ts';
import { answerReferrers } from './referrers.ts';
import type { ManifestEntry, Repositories, Repository } from './repositories.ts';
import type { BlobStorage } from './storage/types.ts';

/** The specification asks registries to take manifests of up to 4 MiB. */
const MANIFEST_BYTES_MAX = 4 * 1024 * 1024;

interface Parts {
  readonly storage: BlobStorage;
  readonly repositories: Repositories;
  readonly hooks: Hooks;
}

/** GET, HEAD, PUT and DELETE of a manifest by tag or digest (distribution-spec, "Pulling manifests", "Pushing Manifests"). */
export async function serveManifest(parts: Parts, exchange: Exchange, name: string, reference: string): Promise<void> {
  if (reference.includes(':') ? !isDigest(reference) : !isTag(reference))
    throw reference.includes(':') ? digestInvalid(`"${reference}" is no digest`) : tagInvalid(reference);
  switch (exchange.request.method) {
    case 'GET':
    case 'HEAD':
      return sendManifest(parts, exchange, name, reference);
    case 'PUT':
      return putManifest(parts, exchange, name, reference);
    case 'DELETE':
      return deleteManifest(parts, exchange, name, reference);
    default:
      throw unsupported(`${exchange.request.method} of a manifest`, 'GET, HEAD, PUT, DELETE');
  }
}

/** GET of `/v2/NAME/referrers/DIGEST`: what names that digest as its subject. */
export function serveReferrers({ repositories }: Parts, exchange: Exchange, name: string, text: string): void {
  if (!isDigest(text)) throw digestInvalid(`"${text}" is no digest`);
  const all = [...(repositories.find(name)?.manifests ?? [])]
    .filter(([, { subject }]) => subject === text)
    .map(([digest, { mediaType, size, artifactType, annotations }]) => ({
      mediaType,
      digest,
      size,
      ...(artifactType === undefined ? {} : { artifactType }),
      ...(annotations === undefined ? {} : { annotations }),
    }));
  answerReferrers(exchange, all);
}

async function sendManifest({ storage, repositories, hooks }: Parts, exchange: Exchange, name: string, reference: string): Promise<void> {
  const { digest, entry } = findManifest(repositories.find(name), name, reference);
  if (isSettled(exchange, `"${digest}"`)) return;
  const headers = { 'content-type': entry.mediaType, 'docker-content-digest': digest, etag: `"${digest}"`, 'content-length': entry.size };
  const bytes = exchange.request.method === 'HEAD' ? undefined : await storage.readAll(digest);
  exchange.response.writeHead(200, headers);
  exchange.response.end(bytes);
  if (bytes !== undefined) hooks.tell(exchange, { action: 'pull', ...targetOf(name, digest, entry, reference) });
}

async function putManifest({ storage, repositories, hooks }: Parts, exchange: Exchange, name: string, reference: string): Promise<void> {
  const bytes = await readBody(exchange.request, MANIFEST_BYTES_MAX);
  const digest = digestOf(bytes, isDigest(reference) ? algorithmOf(reference) : 'sha256');
  const tags = tagsOf(exchange, reference);
  if (isDigest(reference) && reference !== digest) throw digestInvalid(`the manifest's digest is ${digest}, not ${reference}`);
  const entry = describe(bytes, exchange.request.headers['content-type']?.split(';')[0]?.trim());
  const repository = repositories.find(name);
  const missing = entry.references.find((wanted) => repository?.blobs.has(wanted) !== true && repository?.manifests.has(wanted) !== true);
  if (missing !== undefined) throw manifestBlobUnknown(missing);
  await storage.write(bytes, { digest });
  await repositories.putManifest(name, digest, entry, tags, (before) => checkChange(exchange, etagOf(before, reference)));
  for (const tag of tags.length === 0 ? [digest] : tags) hooks.tell(exchange, { action: 'push', ...targetOf(name, digest, entry, tag) });
  answer(exchange, 201, {
    location: `/v2/${name}/manifests/${digest}`,
    'docker-content-digest': digest,
    ...(entry.subject === undefined ? {} : { 'oci-subject': entry.subject }),
    ...(isDigest(reference) && tags.length > 0 ? { 'oci-tag': tags.join(', ') } : {}),
  });
}

/** The tags that a manifest shall have: that of the path, or those of `?tag=` beside a digest. Errors: `MANIFEST_INVALID`. */
function tagsOf({ url }: Exchange, reference: string): readonly string[] {
  if (!isDigest(reference)) return [reference];
  const tags = url.searchParams.getAll('tag');
  const wrong = tags.find((tag) => !isTag(tag));
  if (wrong !== undefined) throw tagInvalid(wrong);
  return [...new Set(tags)];
}

async function deleteManifest({ repositories, hooks }: Parts, exchange: Exchange, name: string, reference: string): Promise<void> {
  const { digest, entry } = findManifest(repositories.find(name), name, reference);
  const check = (before: Repository | undefined) => checkChange(exchange, etagOf(before, reference));
  if (isDigest(reference)) await repositories.removeManifest(name, digest, check);
  else await repositories.removeTag(name, reference, check);
  hooks.tell(exchange, { action: 'delete', ...targetOf(name, digest, entry, reference) });
  answer(exchange, 202);
}

/** Of what a tag or digest stands for now. */
function etagOf(repository: Repository | undefined, reference: string): string | undefined {
  const digest = isDigest(reference) ? reference : repository?.tags.get(reference)?.digest;
  return digest !== undefined && repository?.manifests.has(digest) ? `"${digest}"` : undefined;
}

function targetOf(repository: string, digest: Digest, { mediaType, size }: ManifestEntry, reference: string): Omit<RegistryEvent, 'action'> {
  return { repository, digest, mediaType, size, ...(isDigest(reference) ? {} : { tag: reference }) };
}

function findManifest(repository: Repository | undefined, name: string, reference: string): { readonly digest: Digest; readonly entry: ManifestEntry } {
  if (!repository) throw nameUnknown(name);
  const digest = isDigest(reference) ? reference : repository.tags.get(reference)?.digest;
  const entry = digest === undefined ? undefined : repository.manifests.get(digest);
  if (digest === undefined || entry === undefined) throw manifestUnknown(name, reference);
  return { digest, entry };
}

/** What the registry keeps in mind of a manifest. Errors: `MANIFEST_INVALID`. */
function describe(bytes: Buffer, contentType: string | undefined): ManifestEntry {
  const manifest = parseManifest(bytes, contentType);
  if (contentType !== undefined && contentType !== manifest.mediaType)
    throw manifestInvalid(`it was sent as ${contentType} and says that it is ${manifest.mediaType}`);
  // A cast because only optional fields are read, and each is looked at here or by parseManifest.
  const raw = JSON.parse(bytes.toString('utf8')) as {
    readonly subject?: { readonly digest?: unknown };
    readonly artifactType?: unknown;
    readonly annotations?: Readonly<Record<string, string>> | null;
  };
  const subject = raw.subject?.digest;
  if (raw.subject !== undefined && (typeof subject !== 'string' || !isDigest(subject))) throw manifestInvalid('its subject has no digest');
  const artifactType =
    typeof raw.artifactType === 'string' && raw.artifactType !== '' ? raw.artifactType : isIndex(manifest) ? undefined : manifest.config.mediaType;
  const parts = isIndex(manifest) ? manifest.manifests : [manifest.config, ...manifest.layers.filter((layer) => !('urls' in layer))];
  return {
    mediaType: manifest.mediaType,
    size: bytes.length,
    references: [...new Set(parts.map((part) => part.digest))],
    ...(typeof subject === 'string' && isDigest(subject) ? { subject } : {}),
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(raw.annotations ? { annotations: raw.annotations } : {}),
  };
}
