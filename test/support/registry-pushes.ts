import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const EMPTY = { mediaType: 'application/vnd.oci.empty.v1+json', size: 2 };

export const sha256Of = (content: Uint8Array | string) => `sha256:${createHash('sha256').update(content).digest('hex')}`;

/** What a registry has acknowledged of a push. */
export interface Acknowledged {
  readonly repository: string;
  readonly manifest: string;
  readonly layers: readonly string[];
}

/** Pushes as docker does: asks for each layer first, sends it in one or in pieces if it is not there, and the manifest last. */
export async function pushImage(base: string, repository: string, tag: string, layers: readonly Buffer[]): Promise<Acknowledged> {
  const all = [Buffer.from('{}'), ...layers];
  for (const [index, layer] of all.entries()) await pushBlob(`${base}/v2/${repository}`, layer, index % 2 === 0);
  const body = JSON.stringify({
    schemaVersion: 2,
    mediaType: MANIFEST,
    config: { ...EMPTY, digest: sha256Of('{}') },
    layers: layers.map((layer) => ({ mediaType: 'application/vnd.oci.image.layer.v1.tar', digest: sha256Of(layer), size: layer.length })),
    annotations: { tag },
  });
  const answer = await fetch(`${base}/v2/${repository}/manifests/${tag}`, { method: 'PUT', headers: { 'content-type': MANIFEST }, body });
  assert.equal(answer.status, 201, await answer.text());
  return { repository, manifest: sha256Of(body), layers: all.map(sha256Of) };
}

async function pushBlob(place: string, content: Buffer, inPieces: boolean): Promise<void> {
  const digest = sha256Of(content);
  const known = await fetch(`${place}/blobs/${digest}`, { method: 'HEAD' });
  if (known.status === 200) return;
  const body = new Uint8Array(content);
  const begun = await fetch(`${place}/blobs/uploads/${inPieces ? '' : `?digest=${digest}`}`, { method: 'POST', ...(inPieces ? {} : { body }) });
  // A registry need not take a blob in one request: then an upload has begun.
  assert.ok(begun.status === 202 || (!inPieces && begun.status === 201), await begun.text());
  if (begun.status === 201) return;
  const half = body.length >> 1;
  const piece = await fetch(new URL(begun.headers.get('location') ?? '', place), { method: 'PATCH', body: body.subarray(0, half) });
  assert.equal(piece.status, 202, await piece.text());
  const upload = new URL(piece.headers.get('location') ?? '', place);
  upload.searchParams.set('digest', digest);
  const ended = await fetch(upload, { method: 'PUT', body: body.subarray(half) });
  assert.equal(ended.status, 201, await ended.text());
}

/** Pulls what was acknowledged and checks every byte. */
export async function pullWhole(base: string, { repository, manifest, layers }: Acknowledged): Promise<void> {
  const place = `${base}/v2/${repository}`;
  for (const [kind, digest] of [['manifests', manifest] as const, ...layers.map((layer) => ['blobs', layer] as const)]) {
    const answer = await fetch(`${place}/${kind}/${digest}`);
    const bytes = Buffer.from(await answer.arrayBuffer());
    assert.equal(answer.status, 200, `${kind} ${digest} of ${repository}: ${answer.status} ${bytes.subarray(0, 300).toString()}`);
    assert.equal(sha256Of(bytes), digest);
  }
}
