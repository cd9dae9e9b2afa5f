import type { Call } from './http.ts';
import type { Rooms } from './options.ts';

/** `GET /gantry/images/{name}/attestations`, Gantry's own: what is kept beside an image, contents and all. Errors: 404. */
export async function readAttestations(call: Call, rooms: Rooms): Promise<void> {
  const image = await rooms.images.resolve(call.parameter('name'));
  const found = await Promise.all(
    (await rooms.images.referrers(image)).map(async ({ descriptor, blobs }) => {
      const layer = blobs.at(-1);
      const content = layer === undefined ? '' : (await rooms.images.content.readAll(layer.digest)).toString('utf8');
      const predicate = descriptor.annotations?.['in-toto.io/predicate-type'];
      return {
        Digest: descriptor.digest,
        ArtifactType: descriptor.artifactType,
        ...(predicate === undefined ? {} : { PredicateType: predicate }),
        Content: content,
      };
    }),
  );
  call.json(200, found);
}
