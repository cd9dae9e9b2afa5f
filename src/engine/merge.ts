import type { HealthConfig, ImageRunConfig } from '#image';
import { invalid } from './errors.ts';
import type { Container, ContainerSpec } from './types.ts';

/** What runs, after the user's and the image's parts were merged by Docker's rules. Pure. Errors: `ENGINE_INVALID`. */
export function mergeProcess(spec: ContainerSpec, image: ImageRunConfig): Container['process'] {
  const hasOwnEntrypoint = spec.entrypoint !== undefined;
  const entrypoint = spec.entrypoint ?? image.Entrypoint ?? [];
  const ownCommand = spec.command !== undefined && (spec.command.length > 0 || hasOwnEntrypoint);
  const command = ownCommand ? (spec.command ?? []) : hasOwnEntrypoint ? [] : (image.Cmd ?? []);
  const [path, ...args] = [...entrypoint, ...command];
  if (path === undefined || path === '') throw invalid('command', 'no command specified: the image has none, give one');
  const workingDirectory = spec.workingDirectory || image.WorkingDir || '/';
  return {
    path,
    args,
    environment: mergeEnvironment(image.Env ?? [], spec.environment ?? []),
    workingDirectory: workingDirectory.startsWith('/') ? workingDirectory : `/${workingDirectory}`,
    user: spec.user || image.User || '',
  };
}

/** Later settings win; a bare name removes one. */
export function mergeEnvironment(base: readonly string[], own: readonly string[]): readonly string[] {
  const variables = new Map<string, string>();
  for (const entry of [...base, ...own]) {
    const name = entry.split('=', 1)[0] ?? '';
    if (name === '') throw invalid('environment variable', `"${entry}"; a right one looks like NAME=value`);
    if (entry.includes('=')) variables.set(name, entry);
    else variables.delete(name);
  }
  return [...variables.values()];
}

/** The health check that runs, if any: the user's fields over the image's. */
export function mergeHealth(own: HealthConfig | undefined, image: HealthConfig | undefined): HealthConfig | undefined {
  if (own?.Test?.[0] === 'NONE') return undefined;
  const hasTest = own?.Test !== undefined && own.Test.length > 0;
  const merged: HealthConfig = { ...image, ...own, ...(hasTest ? {} : image?.Test === undefined ? {} : { Test: image.Test }) };
  if (merged.Test === undefined || merged.Test.length === 0 || merged.Test[0] === 'NONE') return undefined;
  if (merged.Test[0] !== 'CMD' && merged.Test[0] !== 'CMD-SHELL')
    throw invalid('health check', `its test begins with "${merged.Test[0]}"; it must be CMD, CMD-SHELL or NONE`);
  return merged;
}
