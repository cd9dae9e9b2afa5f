import { GantryError } from '#kit';
import { RegistryError, settingsInvalid } from '../errors.ts';

export const copyOnly = (repository: string, upstream: string) =>
  new RegistryError('UNSUPPORTED', 405, `${repository} is a copy of what ${upstream} has, for pulling only: push to ${upstream} itself`, {
    detail: { repository, upstream },
    headers: { allow: 'GET, HEAD' },
  });
export const notAllowed = (repository: string, upstream: string) =>
  new RegistryError('DENIED', 403, `${repository} of ${upstream} may not be asked for: the settings of this registry allow other repositories only`, {
    detail: { repository, upstream },
  });
export const silent = (repository: string, upstream: string) =>
  new GantryError(
    'REGISTRY_FAILED',
    503,
    `what refers to images of ${repository} is known to ${upstream} only, which gave no answer a moment ago: try again later`,
  );
export const upstreamInvalid = (remote: string, problem: string, cause?: unknown) =>
  settingsInvalid(`the upstream ${remote} cannot be used: ${problem}`, cause);
