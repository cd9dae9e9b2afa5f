import type { BlobStore } from '../content.ts';
import { digestOf } from '../digest.ts';
import { digestMismatch, notAvailable } from '../errors.ts';
import type { Fresh } from '../fresh.ts';
import { isIndex, parseManifest } from '../manifest.ts';
import { INDEX_TYPES, MANIFEST_TYPES } from '../media-types.ts';
import { formatReference } from '../reference.ts';
import { endpointsOf, type RegistriesConfig } from '../registries.ts';
import type { Descriptor, FetchedArtifact, Reference, TransferOptions } from '../types.ts';
import { readBody } from './http.ts';
import { inParallel } from './parallel.ts';
import type { RegistrySession, RegistrySessions } from './session.ts';

export interface ArtifactParts {
  readonly content: BlobStore;
  readonly fresh: Fresh;
  readonly sessions: RegistrySessions;
  readonly registries: RegistriesConfig;
}

/**
 * What a registry has under a name, where its configuration is of that type: undefined for an image and anything else. All of its blobs
 * are in the content store afterwards. Errors: `REGISTRY_FAILED` and those of the content store.
 */
export async function fetchArtifact(
  parts: ArtifactParts,
  reference: Reference,
  configType: string,
  options: Pick<TransferOptions, 'auth' | 'signal'>,
): Promise<FetchedArtifact | undefined> {
  const endpoint = endpointsOf(parts.registries, reference, 'pull').at(-1);
  if (!endpoint) throw notAvailable(`Cannot fetch ${formatReference(reference)}: there is no registry for it`, 404);
  const session = parts.sessions.open(endpoint, 'pull', options);
  const asked = reference.digest ?? reference.tag ?? 'latest';
  const answer = await session.send({
    method: 'GET',
    url: session.url(`manifests/${asked}`),
    headers: { accept: [...MANIFEST_TYPES, ...INDEX_TYPES].join(', ') },
  });
  if (answer.statusCode !== 200) throw await session.failure(answer, `fetch ${formatReference(reference)}`);
  const bytes = await readBody(answer);
  if (reference.digest !== undefined && digestOf(bytes) !== reference.digest) throw digestMismatch(reference.digest, digestOf(bytes));
  const manifest = parseManifest(bytes, answer.headers['content-type']?.split(';')[0]);
  if (isIndex(manifest) || manifest.config.mediaType !== configType) return undefined;
  await inParallel([manifest.config, ...manifest.layers], parts.sessions.downloads.width, (blob) =>
    parts.sessions.downloads.run(() => fetchBlob(parts, session, blob, reference)),
  );
  return { config: await parts.content.readAll(manifest.config.digest), layers: manifest.layers };
}

async function fetchBlob({ content, fresh }: ArtifactParts, session: RegistrySession, { digest, size }: Descriptor, reference: Reference): Promise<void> {
  fresh.touch(digest);
  if (await content.stat(digest)) return;
  const answer = await session.send({ method: 'GET', url: session.url(`blobs/${digest}`) });
  if (answer.statusCode !== 200) throw await session.failure(answer, `fetch a blob of ${formatReference(reference)}`);
  await content.write(answer, { digest, size });
}
