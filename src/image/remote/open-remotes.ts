import type { Clock, Random } from '#kit';
import type { Endpoint } from '../registries.ts';
import type { Digest, TransferOptions } from '../types.ts';
import { type CopyCall, copyImage } from './copy.ts';
import { pagedNames } from './paged.ts';
import { RemoteRepository } from './repository.ts';
import { type RemoteOptions, RegistrySessions } from './session.ts';
import { type ManifestTree, readTree, summarize, type TagSummary } from './tree.ts';

type Asking = Pick<TransferOptions, 'auth' | 'signal'>;

/** Registries that are asked thing by thing, with no image store; see `RemoteRepository`. */
export interface Remotes extends Disposable {
  /** `also` are other repositories of that registry that are read too: blobs are mounted from there. */
  repository(endpoint: Endpoint, actions: 'pull' | 'pull,push' | 'pull,push,delete', options: Asking & { readonly also?: string }): RemoteRepository;
  /** The names of all repositories of a registry. Errors: `REGISTRY_FAILED` where it does not tell. */
  catalogue(endpoint: Endpoint, options: Asking): Promise<readonly string[]>;
  /** See `copy.ts`. */
  copy(call: CopyCall): Promise<Digest>;
  /** See `tree.ts`. */
  tree(repository: RemoteRepository, reference: string): Promise<ManifestTree>;
  summarize(repository: RemoteRepository, tag: string): Promise<TagSummary>;
}

/** Opens them; connections are kept until it is disposed of. */
export function makeRemotes(parts: { readonly clock: Clock; readonly random: Random }, options: RemoteOptions = {}): Remotes {
  const sessions = new RegistrySessions(parts.clock, parts.random, options);
  return {
    repository(endpoint, actions, { also, ...asking }) {
      const session = sessions.openRegistry(endpoint, [`repository:${endpoint.repository}:${actions}`], asking);
      if (also !== undefined) session.alsoRead(also);
      return new RemoteRepository(session);
    },
    catalogue(endpoint, asking) {
      const session = sessions.openRegistry(endpoint, ['registry:catalog:*'], asking);
      return pagedNames(session, session.registryUrl('_catalog?n=1000'), 'repositories', `list the repositories of ${endpoint.host}`);
    },
    copy: copyImage,
    tree: readTree,
    summarize,
    [Symbol.dispose]: () => sessions.close(),
  };
}
