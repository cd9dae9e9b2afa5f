import type { Digest, ImageStore } from '#image';
import type { BlobStorage, HeldBlob } from './types.ts';

const PREFIX = 'repository/';

/** The registry's blobs in the image store: a push of an image that was built here moves no bytes. Holds are leases. */
export function diskStorage(images: ImageStore): BlobStorage {
  const { content } = images;
  return {
    stat: (digest) => content.stat(digest),
    pour: (digest, range, target) => content.pour(digest, range, target),
    readAll: (digest) => content.readAll(digest),
    write: (bytes, expected) => content.write(bytes, expected),
    startUpload: () => content.startUpload(),
    openUpload: (id) => content.openUpload(id),
    bringLocal: async (digest) => (await content.stat(digest)) !== undefined,
    open: (held) => alignLeases(images, held),
    async hold(repository, digest) {
      // The lease first: whoever looked before could find what a collection takes away in between.
      await images.lease(PREFIX + repository, digest);
      const found = await content.stat(digest);
      if (found === undefined) await images.release(PREFIX + repository, digest);
      return found?.size;
    },
    release: (repository, digest) => images.release(PREFIX + repository, digest),
    collect: () => images.collect(),
  };
}

async function alignLeases(images: ImageStore, held: Iterable<HeldBlob>): Promise<void> {
  const wanted = new Map<string, Set<Digest>>();
  for (const { repository, digest } of held) {
    const digests = wanted.get(PREFIX + repository) ?? new Set();
    wanted.set(PREFIX + repository, digests.add(digest));
  }
  for (const [owner, digests] of images.leases(PREFIX))
    for (const digest of digests) if (wanted.get(owner)?.delete(digest) !== true) await images.release(owner, digest);
  for (const [owner, digests] of wanted) for (const digest of digests) await images.lease(owner, digest);
}
