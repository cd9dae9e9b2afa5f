import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { notAvailable } from '../errors.ts';
import type { Descriptor } from '../types.ts';
import type { RegistrySession } from './session.ts';

export interface UploadCall {
  readonly blob: Pick<Descriptor, 'digest' | 'size'>;
  /** The bytes, from the first one on, for each attempt anew. */
  readonly content: () => Promise<Readable>;
  /** A repository of the same registry that may have the blob. */
  readonly from?: string;
  /** What is done, in errors. */
  readonly what: string;
}
export type Uploaded = 'here' | 'mounted' | 'moved';

/** Uploads begun for one blob before it is given up. */
const UPLOADS_MAX = 3;

/**
 * Brings a blob to a registry (OCI distribution-spec, "Pushing blobs"): not when it is there, by mounting where it can be, else whole.
 * An upload that the registry has forgotten meanwhile is begun anew. Errors: `REGISTRY_FAILED`.
 */
export async function upload(session: RegistrySession, call: UploadCall): Promise<Uploaded> {
  const { blob, what } = call;
  for (let attempt = 1; ; attempt += 1) {
    const head = await session.send({ method: 'HEAD', url: session.url(`blobs/${blob.digest}`) });
    head.resume();
    if (head.statusCode === 200) return attempt === 1 ? 'here' : 'moved';
    const place = await begin(session, call, attempt === 1);
    if (place === 'mounted') return place;
    const answer = await send(session, place, call);
    if (answer.statusCode === 201) {
      answer.resume();
      return 'moved';
    }
    if (!isForgotten(answer) || attempt === UPLOADS_MAX) throw await session.failure(answer, what);
    answer.resume();
  }
}

async function begin(session: RegistrySession, { blob, from, what }: UploadCall, mayMount: boolean): Promise<URL | 'mounted'> {
  const url = session.url('blobs/uploads/');
  if (mayMount && from !== undefined) {
    url.searchParams.set('mount', blob.digest);
    url.searchParams.set('from', from);
  }
  const answer = await session.send({ method: 'POST', url, headers: { 'content-length': '0' } });
  if (answer.statusCode !== 201 && answer.statusCode !== 202) throw await session.failure(answer, what);
  answer.resume();
  if (answer.statusCode === 201) return 'mounted';
  const { location } = answer.headers;
  if (location === undefined) throw notAvailable(`Cannot ${what}: registry ${session.host} accepted an upload without saying where to (no Location)`, 502);
  return new URL(location, url);
}

function send(session: RegistrySession, url: URL, { blob, content }: UploadCall): Promise<IncomingMessage> {
  url.searchParams.set('digest', blob.digest);
  const headers = { 'content-type': 'application/octet-stream', 'content-length': String(blob.size) };
  return session.send({ method: 'PUT', url, headers, body: content });
}

/** The upload is no more, or is in no state to go on: its end was lost, or a first attempt left it half full. */
function isForgotten({ statusCode }: IncomingMessage): boolean {
  return statusCode === 404 || statusCode === 416 || statusCode === 400 || (statusCode ?? 0) >= 500;
}
