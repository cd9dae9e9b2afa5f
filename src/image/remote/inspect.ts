import type { IncomingMessage } from 'node:http';
import { algorithmOf, digestOf } from '../digest.ts';
import { digestMismatch, notAvailable } from '../errors.ts';
import { isIndex, parseConfig, parseManifest } from '../manifest.ts';
import { INDEX_TYPES, MANIFEST_TYPES } from '../media-types.ts';
import { formatReference } from '../reference.ts';
import { endpointsOf, type RegistriesConfig } from '../registries.ts';
import type { Platform, Reference, RemoteImage, TransferOptions } from '../types.ts';
import { readBody } from './http.ts';
import { asUnauthorized } from './login.ts';
import type { RegistrySession, RegistrySessions } from './session.ts';

/** What a registry has under a name, without pulling it: mirrors are asked first, each in turn. Errors: `REGISTRY_FAILED` (401 without leave, 404), `DIGEST_INVALID`. */
export async function inspectRemote(
  sessions: RegistrySessions,
  registries: RegistriesConfig,
  reference: Reference,
  options: Pick<TransferOptions, 'auth' | 'signal'>,
): Promise<RemoteImage> {
  let failure: unknown = notAvailable(`Cannot inspect ${formatReference(reference)}: there is no registry for it`, 404);
  for (const endpoint of endpointsOf(registries, reference, 'pull')) {
    try {
      return await inspectAt(sessions.open(endpoint, 'pull', options), reference);
    } catch (error) {
      if (options.signal?.aborted) throw error;
      failure = asUnauthorized(error);
    }
  }
  throw failure;
}

async function inspectAt(session: RegistrySession, reference: Reference): Promise<RemoteImage> {
  const answer = await session.send({
    method: 'GET',
    url: session.url(`manifests/${reference.digest ?? reference.tag ?? 'latest'}`),
    headers: { accept: [...MANIFEST_TYPES, ...INDEX_TYPES].join(', ') },
  });
  const bytes = await bodyOf(session, answer, reference);
  const digest = digestOf(bytes, reference.digest && algorithmOf(reference.digest));
  if (reference.digest !== undefined && reference.digest !== digest) throw digestMismatch(reference.digest, digest);
  const manifest = parseManifest(bytes, answer.headers['content-type']?.split(';')[0]);
  const descriptor = { mediaType: manifest.mediaType, digest, size: bytes.length };
  if (isIndex(manifest)) return { descriptor, platforms: manifest.manifests.flatMap(({ platform }) => (platform ? [platform] : [])) };
  const blob = await session.send({ method: 'GET', url: session.url(`blobs/${manifest.config.digest}`) });
  const config = await bodyOf(session, blob, reference);
  const actual = digestOf(config, algorithmOf(manifest.config.digest));
  if (actual !== manifest.config.digest) throw digestMismatch(manifest.config.digest, actual);
  const { os, architecture, variant } = parseConfig(config, manifest);
  const platform: Platform = { os, architecture, ...(variant === undefined ? {} : { variant }) };
  return { descriptor, platforms: [platform] };
}

async function bodyOf(session: RegistrySession, answer: IncomingMessage, reference: Reference): Promise<Buffer> {
  if (answer.statusCode === 200) return readBody(answer);
  throw await session.failure(answer, `inspect ${formatReference(reference)}`);
}
