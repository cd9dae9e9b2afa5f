import { messageOf } from '#kit';
import { notAvailable } from '../errors.ts';
import { familiarName } from '../reference.ts';
import { type Endpoint, endpointsOf, type RegistriesConfig } from '../registries.ts';
import type { FoundImages, TransferOptions } from '../types.ts';
import { registryEndpoint } from './login.ts';
import { pagedNames } from './paged.ts';
import type { RegistrySessions } from './session.ts';

/** A registry to search; `endpoint.repository` is where in it (with a slash at its end, or empty), `prefix` what names begin with here. */
interface Place {
  readonly endpoint: Endpoint;
  readonly prefix: string;
}

const PAGE = 1_000;

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
  const inside = await pagedNames(session, session.registryUrl(`_catalog?n=${PAGE}`), 'repositories', `search ${session.host}`);
  return inside.flatMap((name) => (name.startsWith(endpoint.repository) ? [`${prefix}/${name.slice(endpoint.repository.length)}`] : []));
}
