import type { BlobStore } from './content.ts';
import { hexOf, isDigest } from './digest.ts';
import { isIndex, parseManifest } from './manifest.ts';
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
  const descriptor = { mediaType: OCI_MANIFEST, digest: written.digest, size: written.size, artifactType, ...(annotations ? { annotations } : {}) };
  return { descriptor, blobs: [manifest.config, ...manifest.layers], subject: image.manifestDigest };
}

/** What comes along with an image that is pulled or loaded. */
export interface Attested {
  /** Manifests that refer to the image; they and their blobs are in the content store. */
  readonly referrers: readonly Digest[];
  /** Statements that lay in its index, as builders put them there: they become referrers. */
  readonly statements: readonly Attestation[];
}
export const NOTHING_ATTESTED: Attested = { referrers: [], statements: [] };
const STATEMENT_TYPE = 'application/vnd.in-toto+json';
const ATTESTATION_TYPES: readonly string[] = [STATEMENT_TYPE, 'application/spdx+json', 'application/vnd.cyclonedx+json'];

/** Whether a referrer attests what is in an image or whence it came. */
export function isAttestation({ artifactType }: Descriptor): boolean {
  return artifactType !== undefined && ATTESTATION_TYPES.includes(artifactType);
}

/** A manifest with a subject; undefined for one without, and for an index. Errors: `MANIFEST_INVALID`. Pure. */
export function parseReferrer(bytes: Buffer, digest: Digest): Referrer | undefined {
  const manifest = parseManifest(bytes);
  // A cast because only these fields are read, and each is looked at; parseManifest has seen that it is an object.
  const raw = JSON.parse(bytes.toString('utf8')) as { readonly artifactType?: unknown; readonly subject?: { readonly digest?: unknown } };
  const subject = raw.subject?.digest;
  if (isIndex(manifest) || typeof subject !== 'string' || !isDigest(subject)) return undefined;
  const { config, layers, annotations, mediaType } = manifest;
  const artifactType = typeof raw.artifactType === 'string' && raw.artifactType !== '' ? raw.artifactType : config.mediaType;
  return { descriptor: { mediaType, digest, size: bytes.length, artifactType, ...(annotations ? { annotations } : {}) }, blobs: [config, ...layers], subject };
}

/** Whether an index's manifest attests another of its manifests, as BuildKit writes it. Pure. */
export function isStatementsOf(subject: Digest, { annotations }: Descriptor): boolean {
  return annotations?.['vnd.docker.reference.type'] === 'attestation-manifest' && annotations['vnd.docker.reference.digest'] === subject;
}

/** The statements in such a manifest. Errors: `MANIFEST_INVALID`. Pure. */
export function statementLayers(bytes: Buffer): readonly Descriptor[] {
  const manifest = parseManifest(bytes);
  return isIndex(manifest) ? [] : manifest.layers.filter(({ mediaType }) => mediaType === STATEMENT_TYPE);
}

/** What a statement becomes beside an image here. Pure. */
export function statementAttestation({ annotations }: Descriptor, content: Uint8Array): Attestation {
  return { artifactType: STATEMENT_TYPE, content, ...(annotations === undefined ? {} : { annotations }) };
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
    const referrer = digest === undefined ? undefined : parseReferrer(await content.readAll(digest), digest);
    if (referrer !== undefined) found.push(referrer);
  }
  return found.toSorted((a, b) => a.descriptor.digest.localeCompare(b.descriptor.digest));
}

/** Owners of referrers whose subject is not here any more. Pure. */
export function orphanedReferrers(owners: Iterable<LeaseOwner>, isHere: (subject: string) => boolean): readonly LeaseOwner[] {
  return [...owners].filter((owner) => owner.startsWith(PREFIX) && !isHere(owner.slice(PREFIX.length, owner.lastIndexOf('/'))));
}
