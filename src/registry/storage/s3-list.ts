import type { S3Client } from './s3-client.ts';

/** Every object whose key begins so (S3, ListObjectsV2), page by page. Keys of the registry have no character that XML escapes. */
export async function* listObjects(client: S3Client, prefix: string): AsyncIterable<{ readonly key: string; readonly size: number }> {
  let token: string | undefined;
  do {
    const query = { 'list-type': '2', prefix, ...(token === undefined ? {} : { 'continuation-token': token }) };
    const text = await client.text({ method: 'GET', key: '', query });
    for (const [, entry = ''] of text.matchAll(/<Contents>(.*?)<\/Contents>/gs))
      yield { key: /<Key>(.*?)<\/Key>/s.exec(entry)?.[1] ?? '', size: Number(/<Size>(\d+)<\/Size>/.exec(entry)?.[1]) };
    token = /<NextContinuationToken>(.*?)<\/NextContinuationToken>/s.exec(text)?.[1];
  } while (token !== undefined);
}
