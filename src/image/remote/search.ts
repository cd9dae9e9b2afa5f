import { messageOf } from '#kit';
import { notAvailable } from '../errors.ts';
import { familiarName } from '../reference.ts';
import { type Endpoint, endpointsOf, type RegistriesConfig } from '../registries.ts';
import type { FoundImages, TransferOptions } from '../types.ts';
import { readBody } from './http.ts';
import { registryEndpoint } from './login.ts';
import type { RegistrySession, RegistrySessions } from './session.ts';

/** A registry to search; `endpoint.repository` is where in it (with a slash at its end, or empty), `prefix` what names begin with here. */
interface Place {
  readonly endpoint: Endpoint;
  readonly prefix: string;
}

const PAGE = 1_000;
const PAGES_MAX = 100;

/**
 * Looks for a term in the names of repositories, by the catalogues (`/v2/_catalog`) of the registries that the configuration
 * names, or of the one whose host the term begins with. Errors: `REGISTRY_FAILED` when none of them could be asked.
 */
export async function searchRegistries(
  sessions: RegistrySessions,
  registries: RegistriesConfig,
  term: string,
  options: Pick<TransferOptions, 'auth' | 'signal'>,
): Promise<FoundImages> {
  const { places, words } = placesFor(registries, term);
  if (places.length === 0)
    throw notAvailable('Cannot search: no registry is configured (registries.conf), and the term begins with no host; try registry.example:5000/NAME', 404);
  const names = new Set<string>();
  const failures: { registry: string; error: unknown }[] = [];
  for (const place of places) {
    try {
      for (const name of await namesAt(sessions, place, options)) if (familiarName(name).includes(words) || name.includes(words)) names.add(name);
    } catch (error) {
      if (options.signal?.aborted) throw error;
      failures.push({ registry: place.endpoint.host, error });
    }
  }
  if (failures[0] && failures.length === places.length) throw failures[0].error;
  return { names: [...names].sort(), failures: failures.map(({ registry, error }) => ({ registry, reason: messageOf(error) })) };
}

function placesFor(registries: RegistriesConfig, term: string): { readonly places: readonly Place[]; readonly words: string } {
  const slash = term.indexOf('/');
  const host = slash < 0 ? '' : term.slice(0, slash);
  if (/[.:]/.test(host) || host === 'localhost') {
    const prefix = host === 'index.docker.io' ? 'docker.io' : host;
    return { places: [{ endpoint: registryEndpoint(registries, prefix), prefix }], words: term.slice(slash + 1).toLowerCase() };
  }
  // Docker Hub has no catalogue.
  const open = registries.entries.filter(({ blocked, location }) => !blocked && location !== undefined && location !== 'docker.io');
  const places = open.flatMap(({ prefix }) => {
    const [registry = '', ...path] = prefix.split('/');
    const endpoint = endpointsOf(registries, { registry, repository: path.map((part) => `${part}/`).join('') }, 'push').at(-1);
    return endpoint ? [{ endpoint, prefix }] : [];
  });
  return { places, words: term.toLowerCase() };
}

/** Whole names, as they are written here. */
async function namesAt(sessions: RegistrySessions, { endpoint, prefix }: Place, options: Pick<TransferOptions, 'auth' | 'signal'>): Promise<readonly string[]> {
  const session = sessions.openRegistry(endpoint, ['registry:catalog:*'], options);
  const inside = await catalogue(session);
  return inside.flatMap((name) => (name.startsWith(endpoint.repository) ? [`${prefix}/${name.slice(endpoint.repository.length)}`] : []));
}

/** Every page of the catalogue (`Link` with `rel="next"`, RFC 8288). */
async function catalogue(session: RegistrySession): Promise<readonly string[]> {
  const names: string[] = [];
  let url: URL | undefined = session.registryUrl(`_catalog?n=${PAGE}`);
  for (let page = 0; url !== undefined; page += 1) {
    if (page === PAGES_MAX) throw notAvailable(`Cannot search ${session.host}: its catalogue has more than ${PAGES_MAX} pages`, 502);
    const answer = await session.send({ method: 'GET', url });
    if (answer.statusCode !== 200) throw await session.failure(answer, `search ${session.host}`);
    names.push(...repositoriesIn(await readBody(answer), session.host));
    const link = [answer.headers.link ?? ''].flat().join(', ');
    const next = /<([^>]+)>\s*;[^,]*rel="?next"?/i.exec(link)?.[1];
    url = next === undefined ? undefined : new URL(next, url);
  }
  return names;
}

function repositoriesIn(body: Buffer, host: string): readonly string[] {
  let value: unknown;
  try {
    value = JSON.parse(body.toString('utf8'));
  } catch (error) {
    throw notAvailable(`Cannot search ${host}: its catalogue is no JSON`, 502, error);
  }
  const list = typeof value === 'object' && value !== null && 'repositories' in value ? value.repositories : undefined;
  if (list === null) return []; // An empty list, as Go's programs write it.
  if (!Array.isArray(list) || !list.every((item) => typeof item === 'string'))
    throw notAvailable(`Cannot search ${host}: its catalogue has no repositories`, 502);
  return list;
}
