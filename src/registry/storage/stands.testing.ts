import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clock, silentLogger, systemClock, systemRandom } from '#kit';
import { type ImageStore, NO_REGISTRIES, openImageStore } from '#image';
import { diskStorage } from './disk.ts';
import { DOUBLE_CREDENTIALS, type S3Double, startS3Double } from './s3-double.testing.ts';
import { S3Client, type S3Place } from './s3-client.ts';
import { S3Storage } from './s3.ts';
import { S3RVER_CREDENTIALS, startS3rver } from './s3rver.testing.ts';
import type { Credentials } from './sigv4.ts';
import type { BlobStorage, HeldBlob } from './types.ts';

const unexpected = () => assert.fail('nothing is mounted here');
const NO_MOUNTS = { mount: unexpected, mountInBackground: unexpected, unmount: unexpected, turn: unexpected, list: unexpected };

/** A clock that a test can put forward. */
export function movedClock(): Clock & { ahead_ms: number } {
  const clock = {
    ...systemClock,
    ahead_ms: 0,
    now: () => systemClock.now() + clock.ahead_ms,
    monotonic: () => systemClock.monotonic() + clock.ahead_ms,
  };
  return clock;
}

export interface Stand extends AsyncDisposable {
  readonly storage: BlobStorage;
  readonly images: ImageStore;
  readonly clock: ReturnType<typeof movedClock>;
  readonly folder: string;
  /** The storage as the next process finds it. */
  restart(held: Iterable<HeldBlob>): Promise<BlobStorage>;
}

/** Each implementation of `BlobStorage`, empty, over what it really keeps its blobs in: S3 over the test double, and over a server of another make. */
export const STANDS: Readonly<Record<string, () => Promise<Stand>>> = {
  disk: () => stand(undefined),
  's3 (test double)': () => stand(async () => ({ prefix: 'p & q/', credentials: DOUBLE_CREDENTIALS, server: inBox(await startS3Double()) })),
  's3 (s3rver)': () => stand(async (folder) => ({ prefix: 'p + q/', credentials: S3RVER_CREDENTIALS, server: await startS3rver(folder) })),
};

function inBox(double: S3Double): S3Place & AsyncDisposable {
  return { ...double, bucket: 'box', pathStyle: true };
}

type StartServer = (folder: string) => Promise<{ readonly prefix: string; readonly credentials: Credentials; readonly server: S3Place & AsyncDisposable }>;

async function stand(start: StartServer | undefined): Promise<Stand> {
  const folder = await mkdtemp(join(tmpdir(), 'gantry-storage-'));
  const clock = movedClock();
  const s3 = await start?.(folder);
  const openImages = () =>
    openImageStore({
      dataDir: join(folder, 'data'),
      linux: { mounts: NO_MOUNTS },
      clock,
      random: systemRandom,
      logger: silentLogger,
      registries: NO_REGISTRIES,
    });
  let store = await openImages();
  const make = (): BlobStorage => {
    if (s3 === undefined) return diskStorage(store.images);
    const client = new S3Client(s3.server, s3.credentials, systemClock);
    return new S3Storage({ client, prefix: s3.prefix, folder: join(folder, 's3-uploads'), images: store.images, clock, random: systemRandom });
  };
  const storage = make();
  await storage.open([]);
  return {
    storage,
    clock,
    folder,
    get images() {
      return store.images;
    },
    async restart(held) {
      await store.stop();
      store = await openImages();
      const next = make();
      await next.open(held);
      return next;
    },
    async [Symbol.asyncDispose]() {
      await store.stop();
      await s3?.server[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
