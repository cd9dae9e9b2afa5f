import { isAttestation } from '../attestations.ts';
import { referrersTag } from '../digest.ts';
import { platformMissing } from '../errors.ts';
import { choosePlatform, isIndex, parseManifest, platformName } from '../manifest.ts';
import { OCI_INDEX } from '../media-types.ts';
import type { Descriptor, Digest, Platform } from '../types.ts';
import { inParallel } from './parallel.ts';
import type { RemoteManifest, RemoteRepository } from './repository.ts';
import type { Uploaded } from './upload.ts';

export interface CopyCall {
  readonly source: RemoteRepository;
  readonly target: RemoteRepository;
  /** Tag or digest there. */
  readonly reference: string;
  /** Tag or digest here; the manifest's own digest when left out. */
  readonly targetReference?: string;
  /** Only the image for it, where there are several; all of them when left out. */
  readonly platform?: Platform;
  /** Everything that names these manifests as its subject, signatures too; else only what attests them: bills of materials, provenance. */
  readonly referrers: boolean;
  /** The source's repository, where both are of one registry. */
  readonly mountFrom?: string;
  readonly tell?: (blob: Descriptor, done: Uploaded) => void;
}

const BLOBS_AT_ONCE = 3;

/** Copies an image from registry to registry, blob by blob as a stream. What it refers to is there before it is. Answers its digest. Errors: `REGISTRY_FAILED`, `PLATFORM_UNKNOWN`. */
export async function copyImage(call: CopyCall): Promise<Digest> {
  const top = await call.source.manifest(call.reference);
  const manifest = parseManifest(top.bytes, top.mediaType);
  if (call.platform === undefined || !isIndex(manifest)) return copyManifest(call, top, call.targetReference);
  const found = choosePlatform(manifest, call.platform);
  const offered = manifest.manifests.flatMap(({ platform }) => (platform && platform.os !== 'unknown' ? [platformName(platform)] : []));
  if (!found) throw platformMissing(`${call.source.name}:${call.reference}`, platformName(call.platform), offered);
  return copyManifest(call, await call.source.manifest(found.digest), call.targetReference);
}

async function copyManifest(call: CopyCall, from: RemoteManifest, reference: string = from.digest): Promise<Digest> {
  const { source, target } = call;
  const manifest = parseManifest(from.bytes, from.mediaType);
  if (isIndex(manifest)) for (const child of manifest.manifests) await copyManifest(call, await source.manifest(child.digest));
  else await copyBlobs(call, [manifest.config, ...manifest.layers]);
  await target.pushManifest(reference, { bytes: from.bytes, mediaType: manifest.mediaType });
  await copyReferrers(call, from.digest);
  return from.digest;
}

async function copyBlobs({ source, target, mountFrom, tell }: CopyCall, blobs: readonly Descriptor[]): Promise<void> {
  // Foreign layers stay where their addresses say.
  const own = blobs.filter(({ urls = [] }) => urls.length === 0);
  await inParallel([...new Map(own.map((blob) => [blob.digest, blob])).values()], BLOBS_AT_ONCE, async (blob) => {
    tell?.(blob, await target.pushBlob(blob, async () => source.blob(blob), mountFrom));
  });
}

/** A registry that keeps no list of referrers gets it as a tag (distribution-spec, "Pushing Manifests with Subject"). */
async function copyReferrers(call: CopyCall, subject: Digest): Promise<void> {
  const referrers = (await call.source.referrers(subject)).filter((referrer) => call.referrers || isAttestation(referrer));
  for (const { digest } of referrers) await copyManifest(call, await call.source.manifest(digest));
  if (referrers.length === 0) return;
  const there = await call.target.referrers(subject);
  const missing = referrers.filter(({ digest }) => !there.some((known) => known.digest === digest));
  if (missing.length === 0) return;
  const index = { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [...there, ...missing] };
  await call.target.pushManifest(referrersTag(subject), { bytes: Buffer.from(JSON.stringify(index)), mediaType: OCI_INDEX });
}
