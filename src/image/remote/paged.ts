import type { IncomingMessage } from 'node:http';
import { notAvailable } from '../errors.ts';
import { readBody } from './http.ts';
import type { RegistrySession } from './session.ts';

export const PAGES_MAX = 100;

/** Every page of a list of names (OCI distribution-spec, "Listing Tags"; `Link` with `rel="next"`, RFC 8288). `what` says in errors what is done. */
export async function pagedNames(session: RegistrySession, first: URL, key: 'repositories' | 'tags', what: string): Promise<readonly string[]> {
  const names: string[] = [];
  let url: URL | undefined = first;
  for (let page = 0; url !== undefined; page += 1) {
    if (page === PAGES_MAX) throw notAvailable(`Cannot ${what}: the list has more than ${PAGES_MAX} pages`, 502);
    const answer = await session.send({ method: 'GET', url });
    if (answer.statusCode !== 200) throw await session.failure(answer, what);
    names.push(...namesIn(await readBody(answer), key, what));
    url = nextPage(answer, url);
  }
  return names;
}

/** Where the next page of a list is; undefined after the last one (RFC 8288). */
export function nextPage({ headers }: IncomingMessage, page: URL): URL | undefined {
  const link = [headers.link ?? ''].flat().join(', ');
  const next = /<([^>]+)>\s*;[^,]*rel="?next"?/i.exec(link)?.[1];
  return next === undefined ? undefined : new URL(next, page);
}

function namesIn(body: Buffer, key: 'repositories' | 'tags', what: string): readonly string[] {
  let value: unknown;
  try {
    value = JSON.parse(body.toString('utf8'));
  } catch (error) {
    throw notAvailable(`Cannot ${what}: the answer is no JSON`, 502, error);
  }
  const list = typeof value === 'object' && value !== null ? new Map<string, unknown>(Object.entries(value)).get(key) : undefined;
  if (list === null) return []; // An empty list, as Go's programs write it.
  if (!Array.isArray(list) || !list.every((item) => typeof item === 'string')) throw notAvailable(`Cannot ${what}: the answer has no ${key}`, 502);
  return list;
}
