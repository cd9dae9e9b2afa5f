import type { Digest } from '#image';
import { ownArchitecture } from '../platform.ts';
import type { BuildSession } from '../session.ts';

/** An image without layers for a container upon `scratch`, of this build alone; it goes with the build. */
export async function scratchImage(session: BuildSession): Promise<Digest> {
  const { images } = session.options;
  const image = await images.create({
    config: {
      architecture: ownArchitecture(),
      os: 'linux',
      config: {},
      rootfs: { type: 'layers', diff_ids: [] },
      history: [{ comment: `the scratch of build ${session.id}`, empty_layer: true }],
    },
    layers: [],
  });
  session.onClose(async () => void (await images.remove(image.id, { force: true })));
  await session.hold(image);
  return image.id;
}
