import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { GantryError } from '#kit';
import type { Image, Reference } from '#image';
import { BuildCache } from './cache.ts';
import { applyIgnoreFile, extractContext, readDockerfile } from './context.ts';
import { removeFolder } from './copy-step.ts';
import { type Dockerfile, parseDockerfile } from './dockerfile/parse.ts';
import { BuildStepError, buildCancelled, DockerfileError } from './errors.ts';
import { familiarName, formatReference, parseReference } from '#image';
import { type BuilderOptions, BuildSession, leaseName } from './session.ts';
import { expandAt, PREDEFINED_ARGS, shortId, StageRun, type StageContext } from './stage-run.ts';
import { findStage, planBuild, type Stage } from './stages.ts';
import type { Builder, BuildOutput, BuildRequest } from './types.ts';

export type { BuilderOptions } from './session.ts';

/** Makes the builder; call `start` before the first build. */
export function createBuilder(options: BuilderOptions): Builder {
  const cache = new BuildCache({ folder: join(options.dataDir, 'build-cache'), images: options.images, clock: options.clock, logger: options.logger });
  const contexts = join(options.dataDir, 'build-context');
  const stopping = new AbortController();
  const running = new Set<Promise<unknown>>();
  return {
    async start() {
      await cache.load();
      await clearLeftovers(options, contexts);
    },
    async stop() {
      stopping.abort(buildCancelled());
      await Promise.allSettled(running);
    },
    async build(request, onOutput) {
      const id = options.random.hex(12);
      const signal = AbortSignal.any([stopping.signal, ...(request.signal ? [request.signal] : [])]);
      const session = new BuildSession({ options, request, cache, id, folder: join(contexts, id), signal, output: onOutput });
      const building = buildInSession(session);
      running.add(building);
      try {
        return await building;
      } finally {
        running.delete(building);
      }
    },
    forget: (image) => cache.forget(image),
    prune: () => cache.clear(),
  };
}

/** What a killed process left: nothing of a build outlives it. */
async function clearLeftovers(options: BuilderOptions, contexts: string): Promise<void> {
  const { engine, snapshots, images } = options;
  for (const container of engine.containers.list(({ spec }) => spec.owner.kind === 'build'))
    await engine.containers.remove(container.id, { force: true, volumes: true });
  for (const key of await snapshots.list()) {
    if (!key.startsWith('build-')) continue;
    await snapshots.remove(key);
  }
  await mkdir(contexts, { recursive: true, mode: 0o700 });
  for (const name of await readdir(contexts)) {
    for (const note of await readdir(join(contexts, name))) {
      if (note.startsWith('lease-')) await images.release(leaseName(name, Number(note.slice('lease-'.length))));
    }
    await removeFolder(join(contexts, name));
  }
}

async function buildInSession(session: BuildSession): Promise<Image> {
  const { request, options } = session;
  try {
    const root = join(session.folder, 'context');
    session.onClose(() => removeFolder(session.folder));
    session.checkCancelled();
    await extractContext(request.context, root, session.signal);
    const file = parseDockerfile(await readDockerfile(root, request.dockerfile ?? 'Dockerfile'));
    await applyIgnoreFile(root);
    const image = await runStages(session, withLabels(file, request.labels), root);
    await session.output({ aux: { ID: image.id } });
    await session.say(`Successfully built ${shortId(image)}\n`);
    for (const tag of request.tags) {
      await options.images.tag(image.id, tag);
      await session.say(`Successfully tagged ${familiarName(formatReference(tag))}\n`);
    }
    return await options.images.resolve(image.id);
  } catch (error) {
    throw session.signal.aborted && !(error instanceof BuildStepError) ? buildCancelled() : error;
  } finally {
    await session.close();
  }
}

/** `--label` counts as a LABEL at the end. */
function withLabels(file: Dockerfile, labels: BuildRequest['labels']): Dockerfile {
  const quoted = Object.entries(labels ?? {}).map(([name, value]) => [name, `'${value.replaceAll("'", `'"'"'`)}'`] as const);
  if (quoted.length === 0) return file;
  const text = `LABEL ${quoted.map(([name, value]) => `${name}=${value}`).join(' ')}`;
  return { ...file, instructions: [...file.instructions, { kind: 'LABEL', line: 0, text, pairs: quoted }] };
}

async function runStages(session: BuildSession, file: Dockerfile, contextRoot: string): Promise<Image> {
  const { request } = session;
  const globals = new Map(platformArgs());
  const usedArgs = new Set<string>();
  for (const instruction of file.instructions) {
    if (instruction.kind !== 'ARG') break;
    for (const { name, value } of instruction.args) {
      const given =
        request.buildArgs?.[name] ?? (value === undefined ? undefined : expandAt(value, instruction.line, file.escape, (other) => globals.get(other)));
      usedArgs.add(name);
      if (given !== undefined) globals.set(name, given);
    }
  }
  const plan = planBuild(file, request.target, (text, line) => expandAt(text, line, file.escape, (name) => globals.get(name)));
  const total = plan.globals.length + plan.stages.reduce((sum, stage) => sum + 1 + stage.instructions.length, 0);
  let step = 0;
  const announce = (text: string) => session.say(`Step ${(step += 1)}/${total} : ${text}\n`);
  const built = new Map<Stage, Image>();
  for (const instruction of plan.globals) await announce(instruction.text);
  let image: Image | undefined;
  for (const stage of plan.stages) {
    await announce(stage.from.text);
    const earlier = plan.stages.filter((other) => built.has(other));
    const before = findStage(earlier, stage.base.toLowerCase(), { byNumber: false });
    const base = (before && built.get(before)) ?? (await baseImage(session, stage.base, stage.from.line, checkedPlatform(stage, globals, file.escape)));
    await session.say(` ---> ${stage.base === 'scratch' ? '' : shortId(base)}\n`);
    const sourceImage: StageContext['sourceImage'] = async (name, line) => {
      const source = findStage(earlier, name.toLowerCase());
      return (source && built.get(source)) ?? baseImage(session, name, line, undefined);
    };
    image = await new StageRun({ session, escape: file.escape, contextRoot, globals, usedArgs, announce, sourceImage }, base).runAll(stage.instructions);
    built.set(stage, image);
  }
  const unused = Object.keys(request.buildArgs ?? {}).filter((name) => !usedArgs.has(name) && !PREDEFINED_ARGS.includes(name));
  if (unused.length > 0) await session.say(`[Warning] One or more build-args [${unused.join(' ')}] were not consumed\n`);
  if (!image) throw new DockerfileError(1, 'no build stage in current context');
  return image;
}

/** The image that FROM or --from names: here already, or pulled; `scratch` is an image without layers. */
async function baseImage(session: BuildSession, name: string, line: number, platform: BuildRequest['platform']): Promise<Image> {
  const { images } = session.options;
  if (name === 'scratch') {
    const empty = await images.create({
      config: { architecture: ownArchitecture(), os: 'linux', config: {}, rootfs: { type: 'layers', diff_ids: [] }, history: [] },
      layers: [],
    });
    await session.hold(empty);
    return empty;
  }
  let image = session.request.pull ? undefined : await resolveMaybe(session, name);
  image ??= await pullImage(session, parseNameAt(name, line), platform ?? session.request.platform);
  await session.hold(image);
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

function checkedPlatform(stage: Stage, globals: ReadonlyMap<string, string>, escape: string): BuildRequest['platform'] {
  if (stage.from.platform === undefined) return undefined;
  const text = expandAt(stage.from.platform, stage.from.line, escape, (name) => globals.get(name));
  const [os = '', architecture = '', variant] = text.split('/');
  if (os !== 'linux' || architecture !== ownArchitecture())
    throw new DockerfileError(stage.from.line, `FROM --platform=${text} is not supported: this machine builds linux/${ownArchitecture()} only`);
  return { os, architecture, ...(variant === undefined ? {} : { variant }) };
}

function ownArchitecture(): string {
  return process.arch === 'x64' ? 'amd64' : process.arch;
}

function platformArgs(): readonly (readonly [string, string])[] {
  const [os, architecture] = ['linux', ownArchitecture()];
  return ['TARGET', 'BUILD'].flatMap(
    (side) =>
      [
        [`${side}PLATFORM`, `${os}/${architecture}`],
        [`${side}OS`, os],
        [`${side}ARCH`, architecture],
      ] as const,
  );
}
