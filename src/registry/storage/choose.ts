import { readFileSync } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, GantryError, isSystemError, messageOf, type Random, readJson, writeDurable } from '#kit';
import type { ImageStore } from '#image';
import { storageMoved } from '../errors.ts';
import { diskStorage } from './disk.ts';
import { S3Client, type S3Place } from './s3-client.ts';
import { S3Storage } from './s3.ts';
import type { BlobStorage } from './types.ts';

export interface S3Settings extends S3Place {
  /** Before every key. */
  readonly prefix?: string;
  /** Files with the access key and the secret key, and nothing else but white space at their ends. */
  readonly accessKeyFile: string;
  readonly secretKeyFile: string;
}
export interface StorageParts {
  readonly dataDir: string;
  readonly images: ImageStore;
  readonly clock: Clock;
  readonly random: Random;
}

/** The storage that the settings ask for: a bucket, or the image store. Errors: `STORAGE_KEY_UNREADABLE`. */
export function storageBy(s3: S3Settings | undefined, { dataDir, images, clock, random }: StorageParts): BlobStorage {
  if (!s3) return diskStorage(images);
  const credentials = { accessKey: keyFrom(s3.accessKeyFile), secretKey: keyFrom(s3.secretKeyFile) };
  const prefix = (s3.prefix ?? '').replace(/\/*$/, '/').replace(/^\/+/, '');
  return new S3Storage({ client: new S3Client(s3, credentials, clock), prefix, folder: join(dataDir, 's3-uploads'), images, clock, random });
}

/** Remembers where the blobs of the repositories are. Errors: `STORAGE_MOVED` when they are elsewhere than the settings say. */
export async function checkPlace(dataDir: string, s3: S3Settings | undefined): Promise<void> {
  const path = join(dataDir, 'storage.json');
  const place = s3 ? `${s3.endpoint} bucket ${s3.bucket} prefix "${s3.prefix ?? ''}"` : 'the image store';
  const known = await readJson(path);
  const before = typeof known === 'object' && known !== null && 'place' in known ? String(known.place) : 'the image store';
  if (before !== place && (await hasRepositories(dataDir))) throw storageMoved(before, place);
  if (known === undefined || before !== place) await mkdir(dataDir, { recursive: true, mode: 0o700 });
  if (known === undefined || before !== place) await writeDurable(path, JSON.stringify({ formatVersion: 1, place }));
}

function keyFrom(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    throw new GantryError('STORAGE_KEY_UNREADABLE', 400, `Cannot read the key of the object store from ${path}: ${messageOf(error)}`, { cause: error });
  }
}

async function hasRepositories(dataDir: string): Promise<boolean> {
  for (const folder of ['repositories', 'repository-logs']) {
    try {
      if ((await readdir(join(dataDir, folder))).length > 0) return true;
    } catch (error) {
      if (!isSystemError(error, 'ENOENT')) throw error;
    }
  }
  return false;
}
