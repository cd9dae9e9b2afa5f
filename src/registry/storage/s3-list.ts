import type { S3Client } from './s3-client.ts';

/** Every object whose key begins so (S3, ListObjectsV2), page by page. */
export async function* listObjects(client: S3Client, prefix: string): AsyncIterable<{ readonly key: string; readonly size: number }> {
  let token: string | undefined;
  do {
    const query = { 'list-type': '2', prefix, ...(token === undefined ? {} : { 'continuation-token': token }) };
    const text = await client.text({ method: 'GET', key: '', query });
    for (const [, entry = ''] of text.matchAll(/<Contents>(.*?)<\/Contents>/gs)) yield { key: field(entry, 'Key') ?? '', size: Number(field(entry, 'Size')) };
    token = field(text, 'NextContinuationToken');
  } while (token !== undefined);
}

/** Every multipart upload that was neither completed nor aborted (S3, ListMultipartUploads), page by page; none where the server knows no such list. */
export async function* listHalfDone(client: S3Client, prefix: string): AsyncIterable<{ readonly key: string; readonly uploadId: string }> {
  let next: Readonly<Record<string, string>> | undefined = {};
  while (next !== undefined) {
    const text: string = await client.text({ method: 'GET', key: '', query: { uploads: '', prefix, ...next }, mayLack: true });
    for (const [, entry = ''] of text.matchAll(/<Upload>(.*?)<\/Upload>/gs)) yield { key: field(entry, 'Key') ?? '', uploadId: field(entry, 'UploadId') ?? '' };
    const marker: string | undefined = field(text, 'NextKeyMarker');
    next = field(text, 'IsTruncated') === 'true' && marker ? { 'key-marker': marker, 'upload-id-marker': field(text, 'NextUploadIdMarker') ?? '' } : undefined;
  }
}

const XML_ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** The content of the first element of that name. */
function field(text: string, name: string): string | undefined {
  return new RegExp(`<${name}>(.*?)</${name}>`, 's')
    .exec(text)?.[1]
    ?.replaceAll(/&(amp|lt|gt|quot|apos);|&#(x[0-9a-f]+|\d+);/gi, (_whole, word: string | undefined, number: string) =>
      word === undefined ? String.fromCodePoint(Number(number.replace(/^x/i, '0x'))) : (XML_ENTITIES[word.toLowerCase()] ?? ''),
    );
}
