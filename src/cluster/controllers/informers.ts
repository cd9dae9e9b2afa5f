import { type Definition, findKind, type KubeObject, type ResourceInfo, type ResourceRef, resourcesOf, SERVED_RESOURCES } from '#cluster/api';
import { type ClusterClient, createInformer, type Informer } from '#cluster/client';
import type { Clock, Logger, Random } from '#kit';
import { controllerOf } from './owners.ts';

/** Every informer has these indexes: `owner` (uids of its owners), `uid`, and `node` (of Pods: where they run). */
export const OWNER = 'owner';
export const UID = 'uid';
export const NODE = 'node';
/** Namespaces of objects that no controller has. */
export const UNCONTROLLED = 'uncontrolled';

const DEFINITIONS = { group: 'apiextensions.k8s.io', version: 'v1', resource: 'customresourcedefinitions' };

interface InformerOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: Random;
}
export interface Followed {
  readonly info: ResourceInfo;
  readonly informer: Informer<KubeObject>;
}

/** One informer for each resource, those of custom kinds too, shared by all controllers. */
export class Informers {
  readonly #client: ClusterClient;
  readonly #options: InformerOptions;
  readonly #all = new Map<string, Followed>();
  readonly #listeners: ((added: Followed) => void)[] = [];

  constructor(client: ClusterClient, options: InformerOptions) {
    this.#client = client;
    this.#options = options;
    for (const info of followedResources()) this.#all.set(refText(info), this.#follow(info));
    this.of<Definition>(DEFINITIONS).onChange(({ type, object }) => this.#followDefinition(object, type === 'deleted'));
  }

  of<T extends KubeObject>(ref: ResourceRef): Informer<T> {
    const informer = this.#all.get(refText(ref))?.informer;
    if (informer === undefined) throw new TypeError(`no informer follows ${refText(ref)}`);
    // The informer's objects are those of the resource that T is the type of.
    return informer as Informer<T>;
  }

  /** Every informer with what it follows. */
  entries(): readonly Followed[] {
    return [...this.#all.values()];
  }

  /** Calls with each informer that there is, and with each that is added, before it starts. */
  onEach(listener: (followed: Followed) => void): void {
    this.#listeners.push(listener);
    for (const followed of this.#all.values()) listener(followed);
  }

  /** The resource of an object, by its apiVersion and kind. */
  resourceOf(apiVersion: string, kind: string): ResourceInfo | undefined {
    return findKind(apiVersion, kind) ?? this.entries().find(({ info }) => info.kind === kind && info.group === apiVersion.split('/')[0])?.info;
  }

  async start(): Promise<void> {
    await Promise.all([...this.#all.values()].map(({ informer }) => informer.start()));
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#all.values()].map(({ informer }) => informer.stop()));
  }

  #follow(info: ResourceInfo): Followed {
    const indexes = {
      [OWNER]: ({ metadata }: KubeObject) => (metadata.ownerReferences ?? []).map((owner) => owner.uid),
      [UID]: ({ metadata }: KubeObject) => (metadata.uid === undefined ? [] : [metadata.uid]),
      [NODE]: nodeOf,
      [UNCONTROLLED]: (object: KubeObject) => (controllerOf(object) === undefined ? [object.metadata.namespace ?? ''] : []),
    };
    return { info, informer: createInformer(this.#client, info, { ...this.#options, indexes }) };
  }

  /** What its definition describes is followed as long as it is served. */
  #followDefinition(definition: Definition, isGone: boolean): void {
    const info = resourcesOf(definition).find(({ verbs }) => verbs.includes('watch'));
    const key = refText({ group: definition.spec.group, version: '', resource: definition.spec.names.plural });
    const known = this.#all.get(key);
    if (known !== undefined && (isGone || info?.version !== known.info.version)) {
      this.#all.delete(key);
      known.informer.stop().catch((error: unknown) => this.#options.logger.error('cannot stop to follow a kind', { kind: known.info.kind, error }));
    }
    if (info === undefined || isGone || this.#all.has(key)) return;
    const added = this.#follow(info);
    this.#all.set(key, added);
    for (const listener of this.#listeners) listener(added);
    added.informer.start().catch((error: unknown) => this.#options.logger.error('cannot follow a kind', { kind: info.kind, error }));
  }
}

/** The preferred version of everything that is served, but events: nothing hangs on these, and there are many. */
function followedResources(): readonly ResourceInfo[] {
  const kinds = new Set<string>();
  return SERVED_RESOURCES.filter((info) => {
    const kind = `${info.group}/${info.resource}`;
    if (info.resource === 'events' || kinds.has(kind)) return false;
    kinds.add(kind);
    return info.verbs.includes('watch');
  });
}

function refText({ group, resource }: ResourceRef): string {
  return `${group}/${resource}`;
}

function nodeOf(object: KubeObject): readonly string[] {
  // Only Pods have a node's name at this place among the resources that are followed.
  const node = (object as KubeObject & { spec?: { nodeName?: unknown } }).spec?.nodeName;
  return typeof node === 'string' ? [node] : [];
}
