import { createHash } from 'node:crypto';
import { type Attestation, familiarName, formatReference, hexOf, type Image, layersOf } from '#image';
import type { OpenedContext } from '../context/open.ts';
import { epochOf } from '../plan/arguments.ts';
import type { BuildSession } from '../session.ts';
import { provenanceStatement, publicAddress } from './provenance.ts';
import { scanPackages } from './scan.ts';
import { spdxDocument } from './spdx.ts';

/** Makes what the request asks to be attested of its image, and puts it beside it. Errors: those of the image store. */
export async function attest(session: BuildSession, image: Image, context: OpenedContext, started_ms: number): Promise<void> {
  const { attest: asked } = session.request;
  if (asked === undefined) return;
  const made: Attestation[] = [];
  if (asked.sbom) made.push(await sbomOf(session, image));
  if (asked.provenance !== undefined) made.push(await provenanceOf(session, image, context, { started_ms, mode: asked.provenance }));
  await session.options.images.attach(image.id, made);
  for (const { artifactType, content } of made) await session.say(`Attached ${artifactType} (${content.length} bytes)\n`);
}

async function sbomOf(session: BuildSession, image: Image): Promise<Attestation> {
  const packages = await session.withSnapshot(layersOf(image), (root) => scanPackages(root, { clock: session.options.clock, signal: session.signal }));
  const epoch_ms = epochOf(session.request.buildArgs ?? {});
  const created_ms = epoch_ms ?? session.options.clock.now();
  const name = namesOf(session)[0] ?? image.id;
  return { artifactType: 'application/spdx+json', content: Buffer.from(spdxDocument({ name, digest: image.manifestDigest, created_ms }, packages)) };
}

async function provenanceOf(
  session: BuildSession,
  image: Image,
  context: OpenedContext,
  { started_ms, mode }: { readonly started_ms: number; readonly mode: 'min' | 'max' },
): Promise<Attestation> {
  const { request, options } = session;
  const { remote, buildArgs = {}, dockerfile: name = 'Dockerfile', target } = request;
  const { digest } = await options.images.trees.hash([{ path: context.root, name: '' }], { owners: false });
  const own = { uri: remote === undefined ? 'context:' : publicAddress(remote), digest: { gantryTree: digest } };
  const text = provenanceStatement({
    names: namesOf(session),
    sha256: hexOf(image.manifestDigest),
    mode,
    ...(options.version === undefined ? {} : { version: options.version }),
    dockerfile: { name, text: context.dockerfile, sha256: createHash('sha256').update(context.dockerfile).digest('hex') },
    ...(target === undefined ? {} : { target }),
    ...(request.attest?.source === undefined ? {} : { source: request.attest.source }),
    args: buildArgs,
    materials: [own, ...session.materials],
    ...(epochOf(buildArgs) === undefined ? { times: { started_ms, finished_ms: options.clock.now() } } : {}),
  });
  const annotations = { 'in-toto.io/predicate-type': 'https://slsa.dev/provenance/v1' };
  return { artifactType: 'application/vnd.in-toto+json', content: Buffer.from(text), annotations };
}

function namesOf({ request }: BuildSession): readonly string[] {
  return request.tags.map((tag) => familiarName(formatReference(tag)));
}
