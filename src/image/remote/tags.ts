import { notAvailable } from '../errors.ts';
import { repositoryName } from '../reference.ts';
import { endpointsOf, type RegistriesConfig } from '../registries.ts';
import type { Reference, TransferOptions } from '../types.ts';
import { asUnauthorized } from './login.ts';
import { pagedNames } from './paged.ts';
import type { RegistrySessions } from './session.ts';

const PAGE = 1_000;

/** The tags that a registry has of a repository: mirrors are asked first, each in turn. Errors: `REGISTRY_FAILED`. */
export async function listTags(
  sessions: RegistrySessions,
  registries: RegistriesConfig,
  reference: Reference,
  options: Pick<TransferOptions, 'auth' | 'signal'>,
): Promise<readonly string[]> {
  const what = `list the tags of ${repositoryName(reference)}`;
  let failure: unknown = notAvailable(`Cannot ${what}: there is no registry for it`, 404);
  for (const endpoint of endpointsOf(registries, reference, 'pull')) {
    try {
      const session = sessions.open(endpoint, 'pull', options);
      return await pagedNames(session, session.url(`tags/list?n=${PAGE}`), 'tags', what);
    } catch (error) {
      if (options.signal?.aborted) throw error;
      failure = asUnauthorized(error);
    }
  }
  throw failure;
}
