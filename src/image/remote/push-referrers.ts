import type { BlobStore } from '../content.ts';
import { referrersTag } from '../digest.ts';
import { notAvailable } from '../errors.ts';
import { OCI_INDEX } from '../media-types.ts';
import type { Descriptor, Digest, Referrer } from '../types.ts';
import { readBody } from './http.ts';
import type { RegistrySession } from './session.ts';

type Asked = Pick<RegistrySession, 'send' | 'url' | 'failure'>;

interface ReferrersPush {
  readonly session: Asked;
  readonly content: Pick<BlobStore, 'readAll'>;
  pushBlob(blob: Descriptor): Promise<unknown>;
}

/**
 * Pushes what refers to an image that is pushed already (OCI distribution-spec 1.1, "Pushing Manifests with Subject"). A registry that
 * does not answer with `OCI-Subject` gets the referrers tag too. Errors: `REGISTRY_FAILED`.
 */
export async function pushReferrers(push: ReferrersPush, referrers: readonly Referrer[]): Promise<void> {
  const untold: Referrer[] = [];
  for (const referrer of referrers) {
    for (const blob of referrer.blobs) await push.pushBlob(blob);
    const bytes = await push.content.readAll(referrer.descriptor.digest);
    const headers = await put(push.session, referrer.descriptor.digest, referrer.descriptor.mediaType, bytes);
    if (headers['oci-subject'] === undefined) untold.push(referrer);
  }
  for (const subject of new Set(untold.map((referrer) => referrer.subject)))
    await tagReferrers(
      push.session,
      subject,
      untold.filter((referrer) => referrer.subject === subject).map(({ descriptor }) => descriptor),
    );
}

/** The fallback: an index under the subject's digest as a tag ("Referrers Tag Schema"). */
async function tagReferrers(session: Asked, subject: Digest, added: readonly Descriptor[]): Promise<void> {
  const tag = referrersTag(subject);
  const answer = await session.send({ method: 'GET', url: session.url(`manifests/${tag}`), headers: { accept: OCI_INDEX } });
  if (answer.statusCode !== 200 && answer.statusCode !== 404) throw await session.failure(answer, `read the referrers of ${subject}`);
  const before = await readBody(answer);
  const known = answer.statusCode === 404 ? [] : manifestsOf(before, tag);
  const manifests = [...known.filter(({ digest }) => !added.some((descriptor) => descriptor.digest === digest)), ...added];
  await put(session, tag, OCI_INDEX, Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests })));
}

function manifestsOf(bytes: Buffer, tag: string): readonly Descriptor[] {
  // A cast because what else stands in a descriptor is passed on as it is.
  const { manifests } = JSON.parse(bytes.toString('utf8')) as { readonly manifests?: readonly Descriptor[] };
  if (!Array.isArray(manifests)) throw notAvailable(`Cannot add to the referrers under the tag ${tag}: the registry has no index there`, 502);
  return manifests;
}

async function put(session: Asked, reference: string, mediaType: string, bytes: Buffer) {
  const answer = await session.send({
    method: 'PUT',
    url: session.url(`manifests/${reference}`),
    headers: { 'content-type': mediaType, 'content-length': String(bytes.length) },
    body: bytes,
  });
  if (answer.statusCode !== 201) throw await session.failure(answer, `push what refers to the image (${reference})`);
  answer.resume();
  return answer.headers;
}
