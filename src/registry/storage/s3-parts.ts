import type { FileHandle } from 'node:fs/promises';
import { storageFailed } from './errors.ts';
import type { S3Client } from './s3-client.ts';

/** S3 takes at most so many parts, and none but the last below 5 MiB. */
const PARTS_MAX = 10_000;
const PART_BYTES = 16 * 2 ** 20;

/** Puts a file in parts (S3, CreateMultipartUpload): the object is there, whole, only once they are completed. Errors: `STORAGE_FAILED`. */
export async function putInParts(client: S3Client, key: string, file: FileHandle, size: number): Promise<void> {
  const uploadId = /<UploadId>(.*?)<\/UploadId>/s.exec(await client.text({ method: 'POST', key, query: { uploads: '' } }))?.[1];
  if (uploadId === undefined) throw storageFailed(key, 'it begins no multipart upload');
  try {
    const etags = await putParts(client, { key, uploadId }, file, size);
    const parts = etags.map((etag, index) => `<Part><PartNumber>${index + 1}</PartNumber><ETag>${etag}</ETag></Part>`);
    const body = Buffer.from(`<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`);
    await client.text({ method: 'POST', key, query: { uploadId }, body });
  } catch (error) {
    (await client.call({ method: 'DELETE', key, query: { uploadId } })).resume();
    throw error;
  }
}

async function putParts(client: S3Client, { key, uploadId }: { key: string; uploadId: string }, file: FileHandle, size: number): Promise<readonly string[]> {
  const part_bytes = Math.max(PART_BYTES, Math.ceil(size / PARTS_MAX));
  const etags: string[] = [];
  for (let position = 0; position < size; position += part_bytes) {
    const body = Buffer.alloc(Math.min(part_bytes, size - position));
    for (let done = 0; done < body.length; ) {
      const { bytesRead } = await file.read(body, done, body.length - done, position + done);
      if (bytesRead === 0) throw storageFailed(key, 'the local file became shorter while it was sent');
      done += bytesRead;
    }
    const answer = await client.call({ method: 'PUT', key, query: { partNumber: String(etags.length + 1), uploadId }, body });
    answer.resume();
    const { etag } = answer.headers;
    if (answer.statusCode === 404 || etag === undefined) throw storageFailed(key, 'it does not take the parts of its multipart upload');
    etags.push(etag.replaceAll('"', '&quot;'));
  }
  return etags;
}
