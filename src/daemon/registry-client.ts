import { join } from 'node:path';
import {
  type Endpoint,
  endpointsOf,
  loadRegistries,
  openRemotes,
  parseReference,
  type Reference,
  type Remotes,
  type RemoteRepository,
  type TransferOptions,
} from '#image';
import { GantryError, systemClock, systemRandom } from '#kit';
import { findDirs, type GivenDirs } from './find.ts';
import { registriesFile } from './registries-file.ts';

type Auth = TransferOptions['auth'];
type Actions = Parameters<Remotes['repository']>[1];

/** Registries as a command asks them, by the settings of a data dir: where names lie, and whose certificates are believed. No daemon need run. */
export interface RegistryClient extends Pick<Remotes, 'copy' | 'tree' | 'summarize'>, Disposable {
  /** Errors: `REFERENCE_INVALID`. */
  parse(name: string): Reference;
  repository(place: Pick<Reference, 'registry' | 'repository'>, actions: Actions, auth: Auth, also?: string): RemoteRepository;
  catalogue(registry: string, auth: Auth): Promise<readonly string[]>;
}

/** Opens it. */
export async function openRegistryClient(given: GivenDirs, environment: NodeJS.ProcessEnv): Promise<RegistryClient> {
  const { dataDir } = await findDirs(given);
  const registries = await loadRegistries(registriesFile(dataDir));
  const proxyOf = (name: string) => environment[name] ?? environment[name.toLowerCase()];
  const [https, http, no] = ['HTTPS_PROXY', 'HTTP_PROXY', 'NO_PROXY'].map(proxyOf);
  const proxies = { ...(https === undefined ? {} : { https }), ...(http === undefined ? {} : { http }), ...(no === undefined ? {} : { no }) };
  const certificateFolders = ['/etc/docker/certs.d', join(dataDir, 'etc', 'certs.d')];
  const remotes = await openRemotes({ clock: systemClock, random: systemRandom }, { proxies, certificateFolders });
  const endpoint = (registry: string, repository: string): Endpoint => {
    const found = endpointsOf(registries, { registry, repository }, 'push').at(-1);
    if (found === undefined) throw new GantryError('REGISTRY_FAILED', 404, `Cannot reach registry ${registry}: no place is known for it`);
    return found;
  };
  const authOf = (auth: Auth) => (auth === undefined ? {} : { auth });
  return {
    parse: parseReference,
    repository: ({ registry, repository }, actions, auth, also) =>
      remotes.repository(endpoint(registry, repository), actions, { ...authOf(auth), ...(also === undefined ? {} : { also }) }),
    catalogue: (registry, auth) => remotes.catalogue(endpoint(registry, ''), authOf(auth)),
    copy: remotes.copy,
    tree: remotes.tree,
    summarize: remotes.summarize,
    [Symbol.dispose]: () => remotes[Symbol.dispose](),
  };
}
