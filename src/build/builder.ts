import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { eraseTree } from '#kit';
import type { Image } from '#image';
import { familiarName, formatReference } from '#image';
import { attest } from './attest/attest.ts';
import { takeSteps } from './cache/artifact.ts';
import type { PruneRequest } from './cache/choose.ts';
import { CacheMounts } from './cache/mounts.ts';
import { refuseFindings } from './check/refuse.ts';
import { SharedWork } from './cache/shared-work.ts';
import { BuildCache } from './cache/store.ts';
import { KeptContexts } from './context/kept.ts';
import { type OpenedContext, openContext } from './context/open.ts';
import { openNamed, takeContext } from './context/named.ts';
import { checkSyntax } from './dockerfile/directives.ts';
import { type Dockerfile, parseDockerfile } from './dockerfile/parse.ts';
import { BuildStepError, buildCancelled } from './errors.ts';
import { performPlan } from './execute/perform.ts';
import { importInline } from './cache/inline.ts';
import { findImages } from './images.ts';
import { epochOf, expandAt, globalArgs, PREDEFINED_ARGS, SYNTAX_ARG } from './plan/arguments.ts';
import { gather } from './plan/gather.ts';
import { freshVertices } from './plan/fresh.ts';
import { contextsBy } from './plan/named.ts';
import { planGraph } from './plan/plan.ts';
import { splitStages } from './plan/stages.ts';
import { checkPlatform, ownArchitecture } from './platform.ts';
import { removeFolder } from './remove-folder.ts';
import { type BuilderOptions, type BuilderRooms, BuildSession, leaseName } from './session.ts';
import type { Builder, BuildRequest } from './types.ts';

export type { BuilderOptions } from './session.ts';

/** Contexts that are kept when their builds have ended, and those that were sent before theirs begin. */
const CONTEXTS_MAX = { kept: 4, sent: 64 };
const CACHE_BYTES_MAX = 20 * 2 ** 30;
/** A context of so much may have many files. */
const LARGE_BYTES = 256 * 1024;

/** Makes the builder; call `start` before the first build. */
export function createBuilder(options: BuilderOptions): Builder {
  const { clock, logger } = options;
  const cache = new BuildCache({ folder: join(options.dataDir, 'build-cache'), images: options.images, clock, logger });
  const [contexts, kept, sent] = ['build-context', 'build-context-kept', 'build-context-sent'].map((name) => join(options.dataDir, name)) as [
    string,
    string,
    string,
  ]; // as many
  const running = new Set<Promise<unknown>>();
  const chores = (chore: Promise<void>) => {
    const done = chore
      .catch((error: unknown) => logger.warn('the folder of a build stays on the disk until the next start', { error }))
      .finally(() => running.delete(done));
    running.add(done);
  };
  const rooms: BuilderRooms = {
    options,
    cache,
    chores,
    mounts: new CacheMounts({ cache, clock, logger }),
    contexts: new KeptContexts({ folder: kept, count_max: CONTEXTS_MAX.kept, clock, chores }),
    sent: new KeptContexts({ folder: sent, count_max: CONTEXTS_MAX.sent, clock, chores }),
    making: new SharedWork(),
    assembling: new SharedWork(),
  };
  const stopping = new AbortController();
  const prune = async (request: PruneRequest) => {
    const doomed = await cache.prune(request);
    const folders = doomed.reduce((sum, { kind, bytes }) => sum + (kind === 'layer' ? 0 : bytes), 0);
    return { records: doomed, bytes: folders + (doomed.length > 0 ? await options.images.collect() : 0) };
  };
  return {
    async start() {
      await cache.load();
      for (const folder of [kept, sent]) {
        await eraseTree(folder);
        await mkdir(folder, { recursive: true, mode: 0o700 });
      }
      await clearLeftovers(options, contexts);
    },
    async stop() {
      stopping.abort(buildCancelled());
      // A build that ends leaves a chore behind.
      while (running.size > 0) await Promise.allSettled(running);
      await rooms.contexts.clear();
      await rooms.sent.clear();
    },
    async takeContext(content, signal) {
      const taking = takeContext(rooms, contexts, content, AbortSignal.any([stopping.signal, signal]));
      running.add(taking);
      return await taking.finally(() => running.delete(taking));
    },
    async build(request, onOutput) {
      const id = options.random.hex(12);
      const failed = new AbortController();
      const gone = AbortSignal.any([stopping.signal, ...(request.signal ? [request.signal] : [])]);
      const signal = AbortSignal.any([gone, failed.signal]);
      const session = new BuildSession({ rooms, request, id, folder: join(contexts, id), signal, gone, output: onOutput });
      const building = buildInSession(session, failed);
      running.add(building);
      try {
        const image = await building;
        await prune({ all: true, keep_bytes: options.cacheBytesMax ?? CACHE_BYTES_MAX });
        return image;
      } finally {
        running.delete(building);
      }
    },
    entries: () => cache.entries(),
    takeSteps: (exported) => takeSteps(cache, options.images, exported),
    async prune(request) {
      await rooms.contexts.clear();
      return await prune(request);
    },
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
    await eraseTree(join(contexts, name));
  }
}

async function buildInSession(session: BuildSession, failed: AbortController): Promise<Image> {
  const { request, options, rooms } = session;
  try {
    session.onClose(() => rooms.chores(removeFolder(session.folder, { isLarge: session.contextBytes > LARGE_BYTES })));
    session.checkCancelled();
    checkPlatform(request.platform);
    const frontend = request.buildArgs?.[SYNTAX_ARG];
    if (frontend) checkSyntax(frontend, 1);
    await mkdir(session.folder, { recursive: true, mode: 0o700 });
    const started_ms = options.clock.now();
    const context = await openContext(session);
    const image = await buildFile(session, withLabels(parseDockerfile(context.dockerfile), request.labels), context, failed);
    await attest(session, image, context, started_ms);
    await session.output({ aux: { ID: image.id } });
    await session.say(`Successfully built ${image.id.replace(/^sha256:/, '').slice(0, 12)}\n`);
    for (const tag of request.tags) {
      await options.images.tag(image.id, tag);
      await session.say(`Successfully tagged ${familiarName(formatReference(tag))}\n`);
    }
    return await options.images.resolve(image.id);
  } catch (error) {
    throw session.gone.aborted && !(error instanceof BuildStepError) ? buildCancelled() : error;
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

async function buildFile(session: BuildSession, file: Dockerfile, context: OpenedContext, failed: AbortController): Promise<Image> {
  const { request } = session;
  const buildArgs = request.buildArgs ?? {};
  const globals = globalArgs(file, buildArgs, { architecture: ownArchitecture(), target: request.target ?? '' });
  const expandGlobal = (text: string, line: number) => expandAt(text, line, file.escape, (name) => globals.values.get(name));
  const stages = splitStages(file, request.target, expandGlobal);
  const named = await openNamed(session);
  const gathered = await gather(stages, findImages(session, expandGlobal), contextsBy(named.contexts));
  await refuseFindings(session, context.dockerfile, context.root, gathered.stages);
  await importInline(session, findImages(session, expandGlobal));
  const plan = planGraph(file, stages, gathered, globals, { buildArgs, networkMode: request.networkMode ?? 'default' });
  const image = await performPlan(session, plan, {
    contextRoot: context.root,
    namedRoots: named.roots,
    epoch_ms: epochOf(buildArgs),
    fresh: freshVertices(plan, stages, request.noCacheStages ?? []),
    fail: (reason) => failed.abort(reason),
  });
  const unused = Object.keys(buildArgs).filter((name) => !plan.usedArgs.has(name) && !PREDEFINED_ARGS.includes(name));
  if (unused.length > 0) await session.say(`[Warning] One or more build-args [${unused.join(' ')}] were not consumed\n`);
  return image;
}
