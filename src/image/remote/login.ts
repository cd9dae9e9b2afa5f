import { GantryError } from '#kit';
import { notAvailable } from '../errors.ts';
import { type Endpoint, endpointsOf, type RegistriesConfig } from '../registries.ts';
import type { TransferOptions } from '../types.ts';
import { readBody } from './http.ts';
import type { RegistrySessions } from './session.ts';

/** Where a registry is to be asked for itself, and not for one of its repositories. Errors: `REGISTRY_BLOCKED`. */
export function registryEndpoint(registries: RegistriesConfig, registry: string): Endpoint {
  const endpoint = endpointsOf(registries, { registry, repository: '' }, 'push').at(-1);
  if (!endpoint) throw notAvailable(`Cannot reach registry ${registry}: no place is known for it`, 404);
  return endpoint;
}

/** Signs in at a registry (OCI distribution-spec, `GET /v2/`) and forgets about it: that tells whether the credentials are right. Errors: `REGISTRY_FAILED`, 401 when they are not. */
export async function checkLogin(
  sessions: RegistrySessions,
  registries: RegistriesConfig,
  registry: string,
  options: Pick<TransferOptions, 'auth' | 'signal'>,
): Promise<void> {
  const session = sessions.openRegistry(registryEndpoint(registries, registry), [], options);
  const url = session.registryUrl('');
  const answer = await session.send({ method: 'GET', url }).catch((error: unknown) => {
    throw asUnauthorized(error);
  });
  if (answer.statusCode === 401 || answer.statusCode === 403)
    throw notAvailable(`login attempt to ${url.href} failed with status: ${answer.statusCode}: unauthorized: check the user name and password`, 401);
  if (answer.statusCode !== 200) throw await session.failure(answer, `log in at ${registry}`);
  await readBody(answer);
}

/** A refusal with the status that Docker gives where the question was just whether it is one. */
export function asUnauthorized(error: unknown): unknown {
  return error instanceof GantryError && error.code === 'REGISTRY_FAILED' && error.status === 403 ? notAvailable(error.message, 401, error) : error;
}
