import type { Layer } from '#image';
import { layerContent } from '../cache/store.ts';
import { copyFiles, copyText, type CopyRoots } from '../copy/copy.ts';
import { hashSources, openSources, type OpenedSource } from '../copy/sources.ts';
import { type ContextFiles, isContext } from '../plan/graph.ts';
import type { CopyOperation, FilesFrom, Operation, Plan, RunOperation, VertexId, WorkdirOperation } from '../plan/graph.ts';
import { chainOf, copyKey, quickCopyKey, runKey, workdirKey } from '../plan/keys.ts';
import { userOrRoot } from '../copy/owner.ts';
import { makeFolders } from '../copy/root-path.ts';
import type { BuildSession, MadeLayer } from '../session.ts';
import { fetchGit } from './fetch-git.ts';
import { fetchUrl } from './fetch-url.ts';
import type { Fetched } from './fetched.ts';
import { mountContents } from './mounts.ts';
import { runStep } from './run.ts';
import { Slots } from './slots.ts';
import type { StepEvents } from './step-events.ts';
import type { StepLog } from './transcript.ts';

const STEPS_MAX = 6;

/** A layer's vertex once it is done. */
export interface Outcome extends MadeLayer {
  readonly cached: boolean;
}

interface ExecutionParts {
  readonly session: BuildSession;
  readonly plan: Plan;
  readonly contextRoot: string;
  readonly namedRoots: ReadonlyMap<string, string>;
  readonly epoch_ms: number | undefined;
  /** Work that the cache does not answer. */
  readonly fresh: ReadonlySet<VertexId>;
  readonly logs: ReadonlyMap<VertexId, StepLog>;
  readonly events: StepEvents;
}

/** Does the work of a plan: what depends on nothing unfinished runs at the same time, the same work once. */
export class Execution {
  readonly #session: BuildSession;
  readonly #plan: Plan;
  readonly #contextRoots: ReadonlyMap<string, string>;
  readonly #epoch_ms: number | undefined;
  readonly #fresh: ReadonlySet<VertexId>;
  readonly #logs: ReadonlyMap<VertexId, StepLog>;
  readonly #events: StepEvents;
  readonly #slots: Slots;
  readonly #outcomes = new Map<VertexId, Promise<Outcome>>();
  readonly #layers = new Map<VertexId, Promise<readonly Layer[]>>();
  readonly #fetched = new Map<VertexId, Promise<Fetched>>();
  readonly #roots = new Map<VertexId, Promise<string>>();

  constructor(parts: ExecutionParts) {
    this.#session = parts.session;
    this.#plan = parts.plan;
    this.#contextRoots = new Map([['context', parts.contextRoot], ...[...parts.namedRoots].map(([name, root]) => [`context:${name}`, root] as const)]);
    this.#epoch_ms = parts.epoch_ms;
    this.#fresh = parts.fresh;
    this.#logs = parts.logs;
    this.#events = parts.events;
    this.#slots = new Slots(parts.session.options.stepsMax ?? STEPS_MAX);
  }

  /** What stands at a vertex, lowest first. */
  layersOf(id: VertexId): Promise<readonly Layer[]> {
    return once(this.#layers, id, async () => {
      const { operation } = this.#vertex(id);
      if (operation.kind === 'image') return operation.layers;
      const [below, { layer }] = await both(this.layersOf(standsOn(operation)), this.outcomeOf(id));
      return layer ? [...below, layer] : below;
    });
  }

  /** The layer that a vertex makes. */
  outcomeOf(id: VertexId): Promise<Outcome> {
    return once(this.#outcomes, id, async () => {
      try {
        const outcome = await this.#outcome(id);
        this.#events.ended(id, outcome.cached ? 'cached' : 'done');
        return outcome;
      } catch (error) {
        this.#events.failed(id, error);
        throw error;
      }
    });
  }

  async #outcome(id: VertexId): Promise<Outcome> {
    const { operation } = this.#vertex(id);
    switch (operation.kind) {
      case 'run':
        return await this.#run(id, operation);
      case 'copy':
        return await this.#copy(id, operation);
      case 'workdir':
        return await this.#workdir(id, operation);
      default:
        throw new TypeError(`a vertex of kind ${operation.kind} makes no layer`);
    }
  }

  /** Where the files of a vertex, or of the context, can be read. */
  async rootOf(from: FilesFrom): Promise<string> {
    if (isContext(from)) return this.#contextRootOf(from);
    const { kind } = this.#vertex(from).operation;
    if (kind === 'url' || kind === 'git') return (await this.fetchedOf(from)).root;
    return await once(this.#roots, from, async () => await this.#session.openSnapshot(await this.layersOf(from)));
  }

  #contextRootOf(from: ContextFiles): string {
    const root = this.#contextRoots.get(from);
    if (root === undefined) throw new TypeError(`no ${from} in the build`);
    return root;
  }

  fetchedOf(id: VertexId): Promise<Fetched> {
    return once(this.#fetched, id, () => {
      const { operation } = this.#vertex(id);
      return this.#slots.run(async () => {
        if (operation.kind === 'url') return await fetchUrl(this.#session, operation);
        if (operation.kind === 'git') return await fetchGit(this.#session, operation);
        throw new TypeError(`a vertex of kind ${operation.kind} fetches nothing`);
      });
    });
  }

  /** Waits for everything that was begun, also when it fails. */
  async settled(): Promise<void> {
    const begun = () => [...this.#outcomes.values(), ...this.#fetched.values(), ...this.#layers.values(), ...this.#roots.values()];
    for (let count = -1; count < begun().length; ) {
      count = begun().length;
      await Promise.allSettled(begun());
    }
  }

  async #run(id: VertexId, operation: RunOperation): Promise<Outcome> {
    const layers = await this.layersOf(operation.below);
    const roots = {
      rootOf: (from: FilesFrom) => this.rootOf(from),
      chainOf: (from: FilesFrom) => this.#chainOf(from),
      layersOf: (from: VertexId) => this.layersOf(from),
    };
    const contents = await mountContents(this.#session, operation, roots);
    const key = runKey(operation, chainOf(layers), contents, this.#epoch_ms);
    const log = this.#logs.get(id);
    return await this.#make(id, key, operation.words.join(' '), () =>
      runStep({
        session: this.#session,
        operation,
        layers,
        roots,
        epoch_ms: this.#epoch_ms,
        say: (text) => log?.say(text),
        write: (text) => waitForBoth(this.#events.log(id, text), log?.say(text)),
      }),
    );
  }

  async #copy(id: VertexId, operation: CopyOperation): Promise<Outcome> {
    const chain = operation.below === undefined ? '' : chainOf(await this.layersOf(operation.below));
    const quick = await this.#quickKey(operation, chain);
    const known = quick === undefined ? undefined : this.#session.rooms.cache.keyOfQuick(quick);
    const hit = known === undefined ? undefined : await this.#cached(id, known);
    if (hit) return hit;
    const roots: CopyRoots = { rootOf: (from) => this.rootOf(from), fetchedOf: (from) => this.fetchedOf(from) };
    this.#events.started(id);
    const sources = await openSources(this.#session, operation, roots);
    const key = copyKey(operation, chain, await hashSources(this.#session, operation, sources), this.#epoch_ms);
    const outcome = await this.#make(id, key, copyText(operation), () => this.#copyLayer(operation, sources));
    if (quick !== undefined) await this.#session.rooms.cache.alias(key, quick);
    return outcome;
  }

  /** What comes from layers only is known without reading a file. */
  async #quickKey(operation: CopyOperation, chain: string): Promise<string | undefined> {
    const from: string[] = [];
    for (const source of operation.sources) {
      if (source.kind === 'text') continue;
      const origin = await this.#chainOf(source.from);
      if (origin === undefined) return undefined;
      from.push(origin);
    }
    return quickCopyKey(operation, chain, from, this.#epoch_ms);
  }

  /** The files of a vertex in one word; undefined where only reading tells. */
  async #chainOf(from: FilesFrom): Promise<string | undefined> {
    if (isContext(from)) return undefined;
    const { kind } = this.#vertex(from).operation;
    return kind === 'url' || kind === 'git' ? (await this.fetchedOf(from)).hash : chainOf(await this.layersOf(from));
  }

  async #copyLayer(operation: CopyOperation, sources: readonly OpenedSource[]): Promise<Layer> {
    const below = operation.below === undefined ? [] : await this.layersOf(operation.below);
    return await this.#session.withSnapshot(below, async (root, key) => {
      await copyFiles(this.#session, operation, sources, { root, key });
      return await this.#session.options.snapshots.seal(key, this.#times());
    });
  }

  /** Makes the WORKDIR where it is not there yet. */
  async #workdir(id: VertexId, operation: WorkdirOperation): Promise<Outcome> {
    const layers = await this.layersOf(operation.below);
    return await this.#make(id, workdirKey(operation, chainOf(layers), this.#epoch_ms), `WORKDIR ${operation.path}`, () =>
      this.#session.withSnapshot(layers, async (root, key) => {
        const { made } = await makeFolders(root, operation.path, await userOrRoot(root, operation.user));
        return made ? await this.#session.options.snapshots.seal(key, this.#times()) : undefined;
      }),
    );
  }

  #times(): { latest_ms?: number } {
    return this.#epoch_ms === undefined ? {} : { latest_ms: this.#epoch_ms };
  }

  /** Whether the cache has no say in a vertex. */
  #isFresh(id: VertexId): boolean {
    return this.#session.request.noCache === true || this.#fresh.has(id);
  }

  async #cached(id: VertexId, key: string): Promise<Outcome | undefined> {
    if (this.#isFresh(id)) return undefined;
    this.#session.holdCached(key);
    const hit = await this.#session.rooms.cache.find(key, 'layer');
    return hit && { key, layer: hit.layer, created_ms: hit.created_ms, cached: true };
  }

  /** A layer from the cache, from another build that is making it, or made here. */
  async #make(id: VertexId, key: string, what: string, make: () => Promise<Layer | undefined>): Promise<Outcome> {
    const hit = await this.#cached(id, key);
    if (hit) return hit;
    const { cache, making } = this.#session.rooms;
    const perform = () =>
      this.#slots.run(async () => {
        this.#session.checkCancelled();
        this.#events.started(id);
        const layer = await make();
        const created_ms = this.#session.options.clock.now();
        await cache.remember(key, { what, bytes: layer?.blob.size ?? 0, created_ms }, layerContent(layer));
        return { key, layer, created_ms };
      });
    this.#session.holdCached(key);
    if (this.#isFresh(id)) return { ...(await perform()), cached: false };
    const { result, joined } = await making.run(key, this.#session.signal, perform);
    return { ...result, cached: joined };
  }

  #vertex(id: VertexId): { readonly operation: Operation } {
    const vertex = this.#plan.vertices.get(id);
    if (!vertex) throw new TypeError(`no vertex ${id} in the plan`);
    return vertex;
  }
}

function standsOn(operation: Exclude<Operation, { kind: 'image' }>): VertexId {
  if (operation.kind === 'copy') return operation.upon;
  if (operation.kind === 'run' || operation.kind === 'workdir') return operation.below;
  throw new TypeError(`a vertex of kind ${operation.kind} stands on nothing`);
}

/** Both, and neither's failure is lost. */
async function both<A, B>(first: Promise<A>, second: Promise<B>): Promise<[A, B]> {
  return await Promise.all([first, second]);
}

/** A promise only where somebody wants the speaker to wait. */
function waitForBoth(first: void | Promise<void>, second: void | Promise<void>): void | Promise<void> {
  return first && second ? both(first, second).then(() => undefined) : (first ?? second);
}

function once<T>(known: Map<string, Promise<T>>, id: string, make: () => Promise<T>): Promise<T> {
  const promise = known.get(id) ?? make();
  known.set(id, promise);
  return promise;
}
