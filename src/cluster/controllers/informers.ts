import { findKind, type KubeObject, type ResourceInfo, type ResourceRef, SERVED_RESOURCES } from '#cluster/api';
import { type ClusterClient, createInformer, type Informer } from '#cluster/client';
import type { Clock, Logger, Random } from '#kit';
import { controllerOf } from './owners.ts';

/** Every informer has these indexes: `owner` (uids of its owners), `uid`, and `node` (of Pods: where they run). */
export const OWNER = 'owner';
export const UID = 'uid';
export const NODE = 'node';
/** Namespaces of objects that no controller has. */
export const UNCONTROLLED = 'uncontrolled';

interface Followed {
  readonly info: ResourceInfo;
  readonly informer: Informer<KubeObject>;
}

/** One informer for each resource, shared by all controllers. */
export class Informers {
  readonly #all = new Map<string, Informer<KubeObject>>();
  readonly #entries: readonly Followed[];

  constructor(client: ClusterClient, options: { readonly clock: Clock; readonly logger: Logger; readonly random: Random }) {
    for (const ref of followedResources()) {
      this.#all.set(
        refText(ref),
        createInformer(client, ref, {
          ...options,
          indexes: {
            [OWNER]: ({ metadata }) => (metadata.ownerReferences ?? []).map((owner) => owner.uid),
            [UID]: ({ metadata }) => (metadata.uid === undefined ? [] : [metadata.uid]),
            [NODE]: nodeOf,
            [UNCONTROLLED]: (object) => (controllerOf(object) === undefined ? [object.metadata.namespace ?? ''] : []),
          },
        }),
      );
    }
    this.#entries = followedResources().map((info) => ({ info, informer: this.of(info) }));
  }

  of<T extends KubeObject>(ref: ResourceRef): Informer<T> {
    const informer = this.#all.get(refText(ref));
    if (informer === undefined) throw new TypeError(`no informer follows ${refText(ref)}`);
    // The informer's objects are those of the resource that T is the type of.
    return informer as Informer<T>;
  }

  /** Every informer with what it follows. */
  entries(): readonly Followed[] {
    return this.#entries;
  }

  async start(): Promise<void> {
    await Promise.all([...this.#all.values()].map((informer) => informer.start()));
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#all.values()].map((informer) => informer.stop()));
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

/** The resource of an object, by its apiVersion and kind. */
export function resourceOf(apiVersion: string, kind: string): ResourceInfo | undefined {
  return findKind(apiVersion, kind);
}

function refText({ group, resource }: ResourceRef): string {
  return `${group}/${resource}`;
}

function nodeOf(object: KubeObject): readonly string[] {
  // Only Pods have a node's name at this place among the resources that are followed.
  const node = (object as KubeObject & { spec?: { nodeName?: unknown } }).spec?.nodeName;
  return typeof node === 'string' ? [node] : [];
}
