import { answer, type Exchange } from './http/exchange.ts';

const INDEX_TYPE = 'application/vnd.oci.image.index.v1+json';
/** Clients take no more of a manifest than 4 MiB, and this is one. Room is left for what stands around the descriptors. */
const PAGE_BYTES_MAX = 4 * 2 ** 20 - 1024;

interface Referrer {
  readonly digest: string;
  readonly artifactType?: string;
}

/**
 * Answers with the index of what refers to a manifest (distribution-spec, "Listing Referrers"): of the kind of `artifactType` where that is
 * asked for, in order of their digests, and page by page where it is long: `Link` leads to those after `last`.
 */
export function answerReferrers(exchange: Exchange, all: readonly Referrer[]): void {
  const { pathname, searchParams } = exchange.url;
  const [filter, last] = ['artifactType', 'last'].map((name) => searchParams.get(name));
  const wanted = all
    .filter(({ digest, artifactType }) => (!filter || artifactType === filter) && (!last || digest > last))
    .toSorted((a, b) => (a.digest < b.digest ? -1 : 1));
  const manifests = firstPage(wanted);
  const headers: Record<string, string> = { 'content-type': INDEX_TYPE };
  if (filter) headers['oci-filters-applied'] = 'artifactType';
  if (manifests.length < wanted.length) {
    const next = new URLSearchParams({ ...(filter ? { artifactType: filter } : {}), last: manifests.at(-1)?.digest ?? '' });
    headers.link = `<${pathname}?${next.toString()}>; rel="next"`;
  }
  answer(exchange, 200, headers, { schemaVersion: 2, mediaType: INDEX_TYPE, manifests });
}

/** At least one, so that each page leads further. */
function firstPage<T>(wanted: readonly T[]): readonly T[] {
  let bytes = 0;
  const end = wanted.findIndex((descriptor) => (bytes += Buffer.byteLength(JSON.stringify(descriptor)) + 1) > PAGE_BYTES_MAX);
  return end < 0 ? wanted : wanted.slice(0, Math.max(1, end));
}
