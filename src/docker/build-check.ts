import { baseFacts, baseNames, checkDockerfile, ignorePatterns, type Surroundings } from '#build';
import { GantryError } from '#kit';
import { buildArgs } from './builds.ts';
import { badRequest, unsupported } from './errors.ts';
import type { Call } from './http.ts';
import { isEmpty, isObject } from './json.ts';
import type { Rooms } from './options.ts';

/**
 * `POST /build/check`, Gantry's own: what the checker finds in a Dockerfile, nothing being built. A path of its own, so that no other
 * daemon takes it for a build.
 */
export async function checkBuild(call: Call, rooms: Rooms): Promise<void> {
  const { Dockerfile: source, Dockerignore: ignore = null, BuildArgs: given = {}, Target: target = '', ...unknown } = await call.body();
  if (typeof source !== 'string') throw badRequest('Dockerfile must be the text of the Dockerfile');
  if (ignore !== null && typeof ignore !== 'string') throw badRequest('Dockerignore must be the text of the .dockerignore, or null');
  if (typeof target !== 'string') throw badRequest('Target must be the name of a stage');
  if (!isObject(given)) throw badRequest('BuildArgs must be an object of strings');
  if (!isEmpty(Object.keys(unknown))) throw unsupported(`${Object.keys(unknown).join(', ')} in a check`);
  const surroundings: Surroundings = {
    platform: `linux/${rooms.info.architecture}`,
    buildArgs: buildArgs(given),
    ...(target === '' ? {} : { target }),
    ...(ignore === null ? {} : { ignored: ignorePatterns(ignore) }),
  };
  const bases = await baseConfigurations(rooms, baseNames(source, surroundings));
  try {
    const { findings, failsBuild, mistake } = checkDockerfile(source, { ...surroundings, bases });
    const told = mistake === undefined ? {} : { Mistake: { Message: mistake.message, Line: mistake.line, Column: mistake.column } };
    call.json(200, { Findings: findings, FailsBuild: failsBuild, ...told });
  } catch (error) {
    if (error instanceof SyntaxError) throw badRequest(`Cannot use .dockerignore: ${error.message}`, error);
    throw error;
  }
}

/** The configurations of those images that are here. */
async function baseConfigurations(rooms: Rooms, names: readonly string[]): Promise<NonNullable<Surroundings['bases']>> {
  const found = await Promise.all(
    names.map(async (name) => {
      try {
        return [[name, baseFacts(await rooms.images.resolve(name))] as const];
      } catch (error) {
        // One that is not here, or that has no name, is not known: the rules say so where it matters.
        if (error instanceof GantryError && error.status < 500) return [];
        throw error;
      }
    }),
  );
  return new Map(found.flat());
}
