import { GantryError } from '#kit';
import type { Image, Reference } from '#image';
import { hexOf, isDigest, parseReference } from '#image';
import { DockerfileError } from './errors.ts';
import type { FindImage } from './plan/gather.ts';
import { ownPlatform } from './platform.ts';
import type { BuildSession } from './session.ts';
import type { BuildOutput, BuildRequest } from './types.ts';

/** Finds base images: here already, or pulled, once each in a build; they are held until it ends. */
export function findImages(session: BuildSession, expand: (text: string, line: number) => string): FindImage {
  const found = new Map<string, Promise<Image | undefined>>();
  return (name, { line, stage }) => {
    const wanted = stage?.from.platform;
    const platform = wanted === undefined || stage === undefined ? undefined : ownPlatform(expand(wanted, stage.from.line), stage.from.line);
    const finding = found.get(name) ?? findImage(session, name, line, platform);
    found.set(name, finding);
    return finding;
  };
}

async function findImage(session: BuildSession, name: string, line: number, platform: BuildRequest['platform']): Promise<Image | undefined> {
  if (name === 'scratch') return undefined;
  // What an id stands for is nowhere newer.
  let image = session.request.pull && !isDigest(name) ? undefined : await resolveMaybe(session, name);
  image ??= await pullImage(session, parseNameAt(name, line), platform ?? session.request.platform);
  await session.hold(image);
  session.materials.push({ uri: `docker:${name}`, digest: { sha256: hexOf(image.manifestDigest) } });
  return image;
}

async function resolveMaybe(session: BuildSession, name: string): Promise<Image | undefined> {
  try {
    return await session.options.images.resolve(name);
  } catch (error) {
    if (error instanceof GantryError && error.status === 404) return undefined;
    throw error;
  }
}

function pullImage(session: BuildSession, reference: Reference, platform: BuildRequest['platform']): Promise<Image> {
  const auth = session.request.auth?.(reference.registry);
  return session.options.images.pull(reference, {
    signal: session.signal,
    ...(auth === undefined ? {} : { auth }),
    ...(platform === undefined ? {} : { platform }),
    progress: ({ id, status, current_bytes, total_bytes }) => {
      const detail = { ...(current_bytes === undefined ? {} : { current: current_bytes }), ...(total_bytes === undefined ? {} : { total: total_bytes }) };
      const output: BuildOutput = { status, ...(id === undefined ? {} : { id }), progressDetail: detail };
      void session.output(output);
    },
  });
}

function parseNameAt(name: string, line: number): Reference {
  try {
    return parseReference(name);
  } catch (error) {
    throw new DockerfileError(line, error instanceof Error ? error.message : String(error));
  }
}
