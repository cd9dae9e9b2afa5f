import type { BlobStore } from './content.ts';
import { hexOf } from './digest.ts';
import { OCI_MANIFEST } from './media-types.ts';
import type { Attestation, Descriptor, Digest, Image, LeaseOwner, Referrer } from './types.ts';

/** Stands for no configuration (OCI image-spec 1.1, "Guidance for an Empty Descriptor"). */
const EMPTY_TYPE = 'application/vnd.oci.empty.v1+json';
const PREFIX = 'referrer/';

/** Who holds the blobs of a manifest that refers to that subject. */
export function referrerOwner(subject: Digest, referrer: Digest): LeaseOwner {
  return `${PREFIX}${subject}/${hexOf(referrer)}`;
}

/** Writes an artifact manifest whose subject is the image's manifest (OCI image-spec 1.1, "Image Manifest"). The same bytes for the same content. */
export async function writeReferrer(content: BlobStore, image: Pick<Image, 'manifest' | 'manifestDigest'>, attestation: Attestation): Promise<Referrer> {
  const { artifactType, annotations } = attestation;
  const [empty, layer, subject] = await Promise.all([content.write(Buffer.from('{}')), content.write(attestation.content), content.stat(image.manifestDigest)]);
  const manifest = {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    artifactType,
    config: { mediaType: EMPTY_TYPE, digest: empty.digest, size: empty.size },
    layers: [{ mediaType: artifactType, digest: layer.digest, size: layer.size }],
    subject: { mediaType: image.manifest.mediaType, digest: image.manifestDigest, size: subject?.size ?? 0 },
    ...(annotations === undefined ? {} : { annotations }),
  };
  const written = await content.write(Buffer.from(JSON.stringify(manifest)));
  return referrerOf({ ...manifest, subject: image.manifestDigest }, written);
}

/** The manifests that refer to the subject, by what is held for them. Errors: `BLOB_UNKNOWN`. */
export async function readReferrers(
  content: BlobStore,
  leases: ReadonlyMap<LeaseOwner, ReadonlySet<Digest> | readonly Digest[]>,
  subject: Digest,
): Promise<readonly Referrer[]> {
  const found: Referrer[] = [];
  for (const [owner, digests] of leases) {
    const digest = [...digests].find((held) => owner === referrerOwner(subject, held));
    if (digest === undefined) continue;
    const bytes = await content.readAll(digest);
    // A cast because it is this file's own writing.
    const manifest = JSON.parse(bytes.toString('utf8')) as Omit<Parameters<typeof referrerOf>[0], 'subject'>;
    found.push(referrerOf({ ...manifest, subject }, { digest, size: bytes.length }));
  }
  return found.toSorted((a, b) => a.descriptor.digest.localeCompare(b.descriptor.digest));
}

/** Owners of referrers whose subject is not here any more. Pure. */
export function orphanedReferrers(owners: Iterable<LeaseOwner>, isHere: (subject: string) => boolean): readonly LeaseOwner[] {
  return [...owners].filter((owner) => owner.startsWith(PREFIX) && !isHere(owner.slice(PREFIX.length, owner.lastIndexOf('/'))));
}

function referrerOf(
  manifest: {
    readonly artifactType: string;
    readonly config: Descriptor;
    readonly layers: readonly Descriptor[];
    readonly subject: Digest;
    readonly annotations?: Readonly<Record<string, string>>;
  },
  { digest, size }: { readonly digest: Digest; readonly size: number },
): Referrer {
  const { artifactType, annotations, config, layers, subject } = manifest;
  return { descriptor: { mediaType: OCI_MANIFEST, digest, size, artifactType, ...(annotations ? { annotations } : {}) }, blobs: [config, ...layers], subject };
}
