import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { nodeHttp } from '#kit';
import { bodyOf } from './s3-client.ts';
import { authorizationOf, sha256 } from './sigv4.ts';

export const DOUBLE_CREDENTIALS = { accessKey: 'double', secretKey: 'of a store' };
const REGION = 'test-1';
const PART_BYTES_MIN = 5 * 2 ** 20;
const PAGE = 3;

export interface S3Double extends AsyncDisposable {
  readonly endpoint: string;
  readonly region: string;
  readonly objects: Map<string, Buffer>;
  readonly halfDone: ReadonlyMap<string, unknown>;
  /** The next requests are answered so, one each. */
  readonly failures: number[];
}

/** A TEST DOUBLE of an S3 server with one bucket, `box`, in memory: it checks every signature, every payload's hash and the rules of multipart uploads. */
export async function startS3Double(): Promise<S3Double> {
  const objects = new Map<string, Buffer>();
  const halfDone = new Map<string, { key: string; parts: Map<number, Buffer> }>();
  const failures: number[] = [];
  let uploads = 0;
  const server = nodeHttp().createServer((request, response) => {
    answer(request, response).catch((error: unknown) => fail(response, 500, String(error)));
  });
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(request);
    const failure = failures.shift();
    if (failure !== undefined) return fail(response, failure, 'SlowDown');
    const url = new URL(request.url ?? '/', 'http://double');
    const wrong = signatureProblem(request, url, body);
    if (wrong !== undefined) return fail(response, 403, wrong);
    if (!/^\/box(\/|$)/.test(url.pathname)) return fail(response, 404, 'NoSuchBucket');
    const key = decodeURIComponent(url.pathname.slice('/box/'.length));
    const { searchParams: query } = url;
    if (key === '') return query.has('uploads') ? listUploads(response, query) : list(response, query);
    if (query.has('uploads') || query.has('uploadId')) return multipart(request, response, { key, query, body });
    simple(request, response, key, body);
  }
  function simple(request: IncomingMessage, response: ServerResponse, key: string, body: Buffer): void {
    if (request.method === 'PUT') objects.set(key, body);
    if (request.method === 'DELETE') objects.delete(key);
    if (request.method === 'PUT' || request.method === 'DELETE') return void response.writeHead(request.method === 'PUT' ? 200 : 204).end();
    const object = objects.get(key);
    if (!object) return fail(response, 404, 'NoSuchKey');
    const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
    const piece = range ? object.subarray(Number(range[1]), range[2] === '' ? undefined : Number(range[2]) + 1) : object;
    response.writeHead(range ? 206 : 200, { 'content-length': piece.length }).end(request.method === 'HEAD' ? undefined : piece);
  }
  function multipart(request: IncomingMessage, response: ServerResponse, { key, query, body }: { key: string; query: URLSearchParams; body: Buffer }): void {
    if (request.method === 'POST' && query.has('uploads')) {
      const id = `upload-${(uploads += 1)}`;
      halfDone.set(id, { key, parts: new Map() });
      return void response.end(`<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`);
    }
    const id = query.get('uploadId') ?? '';
    const upload = halfDone.get(id);
    if (upload?.key !== key) return fail(response, 404, 'NoSuchUpload');
    if (request.method === 'PUT') {
      upload.parts.set(Number(query.get('partNumber')), body);
      return void response.writeHead(200, { etag: etagOf(body) }).end();
    }
    if (request.method === 'POST') {
      const named = [...body.toString().matchAll(/<PartNumber>(\d+)<\/PartNumber><ETag>(.*?)<\/ETag>/g)].map((match) => ({
        bytes: upload.parts.get(Number(match[1])),
        number: Number(match[1]),
        etag: match[2]?.replaceAll('&quot;', '"'),
      }));
      if (named.some(({ number }, index) => number !== index + 1)) return fail(response, 400, 'InvalidPartOrder');
      if (named.length === 0 || named.some(({ bytes, etag }) => !bytes || etagOf(bytes) !== etag)) return fail(response, 400, 'InvalidPart');
      if (named.slice(0, -1).some(({ bytes }) => (bytes?.length ?? 0) < PART_BYTES_MIN)) return fail(response, 400, 'EntityTooSmall');
      objects.set(key, Buffer.concat(named.map(({ bytes }) => bytes ?? Buffer.alloc(0))));
    }
    halfDone.delete(id);
    response.writeHead(request.method === 'POST' ? 200 : 204).end();
  }
  function list(response: ServerResponse, query: URLSearchParams): void {
    const after = query.get('continuation-token') ?? '';
    const found = [...objects.keys()].filter((key) => key.startsWith(query.get('prefix') ?? '') && key > after).sort();
    const page = found.slice(0, PAGE);
    const next = found.length > PAGE ? `<NextContinuationToken>${escapeXml(page.at(-1) ?? '')}</NextContinuationToken>` : '';
    response.end(
      `<ListBucketResult>${page.map((key) => `<Contents><Key>${escapeXml(key)}</Key><Size>${objects.get(key)?.length}</Size></Contents>`).join('')}${next}</ListBucketResult>`,
    );
  }
  function listUploads(response: ServerResponse, query: URLSearchParams): void {
    const place = ([id, { key }]: readonly [string, { readonly key: string }]) => `${key} ${id}`;
    const after = `${query.get('key-marker') ?? ''} ${query.get('upload-id-marker') ?? ''}`;
    const found = [...halfDone].sort((one, other) => (place(one) < place(other) ? -1 : 1)).filter((upload) => place(upload) > after);
    const page = found.slice(0, PAGE);
    const entries = page.map(([id, { key }]) => `<Upload><Key>${escapeXml(key)}</Key><UploadId>${id}</UploadId></Upload>`);
    const [lastId = '', last] = page.at(-1) ?? [];
    const next = `<NextKeyMarker>${escapeXml(last?.key ?? '')}</NextKeyMarker><NextUploadIdMarker>${lastId}</NextUploadIdMarker>`;
    const isTruncated = found.length > PAGE;
    response.end(
      `<ListMultipartUploadsResult><IsTruncated>${isTruncated}</IsTruncated>${isTruncated ? next : ''}${entries.join('')}</ListMultipartUploadsResult>`,
    );
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new TypeError('the double listens on no port');
  return {
    endpoint: `http://127.0.0.1:${bound.port}`,
    region: REGION,
    objects,
    halfDone,
    failures,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The S3 error code of a request that is not signed as it must be. */
function signatureProblem(request: IncomingMessage, url: URL, body: Buffer): string | undefined {
  const payloadHash = sha256(body);
  if (request.headers['x-amz-content-sha256'] !== payloadHash) return 'XAmzContentSHA256Mismatch';
  const given = request.headers.authorization ?? '';
  const names = /SignedHeaders=([^,]+)/.exec(given)?.[1]?.split(';') ?? [];
  if (!['host', 'x-amz-content-sha256', 'x-amz-date'].every((name) => names.includes(name))) return 'AccessDenied';
  const headers = Object.fromEntries(names.map((name) => [name, String(request.headers[name])]));
  const signed = { method: request.method ?? '', path: url.pathname, query: Object.fromEntries(url.searchParams), headers, payloadHash };
  const expected = authorizationOf(signed, { region: REGION, timestamp: headers['x-amz-date'] ?? '' }, DOUBLE_CREDENTIALS);
  return expected === given ? undefined : 'SignatureDoesNotMatch';
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}

function etagOf(bytes: Buffer): string {
  return `"${createHash('md5').update(bytes).digest('hex')}"`;
}

function fail(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status).end(`<Error><Code>${code}</Code></Error>`);
}
