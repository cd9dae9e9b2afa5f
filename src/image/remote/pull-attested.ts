import { type Attested, isStatementsOf, parseReferrer, statementAttestation, statementLayers } from '../attestations.ts';
import type { BlobStore } from '../content.ts';
import type { Fresh } from '../fresh.ts';
import type { Attestation, Descriptor, Digest } from '../types.ts';
import { RemoteRepository } from './repository.ts';
import type { RegistrySession } from './session.ts';

/** More than this refers to no image in earnest; what goes past it stays in the registry. */
const REFERRERS_MAX = 64;
const BYTES_MAX = 64 * 2 ** 20;

interface AttestedParts {
  readonly session: RegistrySession;
  readonly content: BlobStore;
  readonly fresh: Fresh;
}

/** Brings what attests an image: what refers to it, and the statements of the index that it was chosen from. Errors: `REGISTRY_FAILED` and those of the content store. */
export async function fetchAttested(parts: AttestedParts, subject: Digest, siblings: readonly Descriptor[]): Promise<Attested> {
  const repository = new RemoteRepository(parts.session).impatient();
  const referrers: Digest[] = [];
  let room_bytes = BYTES_MAX;
  for (const { digest } of (await repository.referrers(subject)).slice(0, REFERRERS_MAX)) {
    const { bytes } = await repository.manifest(digest);
    const referrer = parseReferrer(bytes, digest);
    if (referrer?.subject !== subject) continue;
    const size_bytes = sizeOf(referrer.blobs);
    if (size_bytes > room_bytes) continue;
    room_bytes -= size_bytes;
    for (const blob of referrer.blobs) await bring(parts, repository, blob);
    await parts.content.write(bytes, { digest });
    referrers.push(digest);
  }
  return { referrers, statements: await statementsOf(repository, subject, siblings, room_bytes) };
}

async function statementsOf(
  repository: RemoteRepository,
  subject: Digest,
  siblings: readonly Descriptor[],
  room_bytes: number,
): Promise<readonly Attestation[]> {
  const statements: Attestation[] = [];
  for (const { digest } of siblings.filter((sibling) => isStatementsOf(subject, sibling))) {
    const layers = statementLayers((await repository.manifest(digest)).bytes);
    if (sizeOf(layers) > room_bytes) continue;
    for (const layer of layers) statements.push(statementAttestation(layer, await repository.smallBlob(layer)));
  }
  return statements;
}

async function bring({ content, fresh }: AttestedParts, repository: RemoteRepository, blob: Descriptor): Promise<void> {
  const { digest, size } = blob;
  fresh.touch(digest);
  if (!(await content.stat(digest))) await content.write(repository.blob(blob), { digest, size });
}

function sizeOf(blobs: readonly Descriptor[]): number {
  return blobs.reduce((sum, { size }) => sum + size, 0);
}
