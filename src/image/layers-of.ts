import type { Image, Layer } from './types.ts';

/** The layers of an image as they were given to the store, lowest first. Pure. */
export function layersOf(image: Pick<Image, 'manifest' | 'config'>): readonly Layer[] {
  return image.manifest.layers.flatMap((blob, index) => {
    const diffId = image.config.rootfs.diff_ids[index];
    return diffId === undefined ? [] : [{ diffId, blob }];
  });
}
