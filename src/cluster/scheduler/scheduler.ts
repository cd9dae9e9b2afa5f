import type { KubeObject, V1Namespace, V1Node, V1Pod } from '#cluster/api';
import {
  Backoff,
  createEventRecorder,
  createInformer,
  type EventRecorder,
  type Informer,
  isStatus,
  keyOfObject,
  NAMESPACES,
  NODES,
  PODS,
  timestamp,
} from '#cluster/client';
import { isDeepStrictEqual } from 'node:util';
import { AssumedPods } from './assumed.ts';
import { decide } from './decide.ts';
import { NodeViews } from './node-views.ts';
import { PendingPods } from './pending.ts';
import { requestsOf, viewOf } from './resources.ts';
import type { ClusterView, NodeView, Scheduler, SchedulerOptions } from './types.ts';

const DEFAULT_NAME = 'default-scheduler';
const BINDINGS_MAX = 16;

/** Binds Pods to nodes as they come. While there is nothing to place it holds no timer. */
export function createScheduler(options: SchedulerOptions): Scheduler {
  return new BindingScheduler(options);
}

class BindingScheduler implements Scheduler {
  readonly #options: SchedulerOptions;
  readonly #pods: Informer<V1Pod>;
  readonly #nodes: Informer<V1Node>;
  readonly #namespaces: Informer<V1Namespace>;
  readonly #events: EventRecorder;
  readonly #pending = new PendingPods();
  readonly #assumed = new AssumedPods();
  readonly #views = new NodeViews((node) => this.#viewOf(node));
  readonly #bindings = new Set<Promise<void>>();
  readonly #failures = new Map<string, Backoff>();
  readonly #stopping = new AbortController();
  #state: 'starting' | 'ready' | 'stopped' = 'starting';
  #planned = false;
  /** Where the next look around begins. */
  #from = 0;

  constructor(options: SchedulerOptions) {
    this.#options = options;
    const { client, name = DEFAULT_NAME } = options;
    this.#pods = createInformer<V1Pod>(client, PODS, { ...options, indexes: { node: ({ spec }) => (spec?.nodeName ? [spec.nodeName] : []) } });
    this.#nodes = createInformer<V1Node>(client, NODES, options);
    this.#namespaces = createInformer<V1Namespace>(client, NAMESPACES, options);
    this.#events = createEventRecorder({ ...options, component: name });
    this.#pods.onChange(({ type, object, previous }) => this.#podChanged(type, object, previous));
    this.#nodes.onChange(({ type, object, previous }) => this.#nodeChanged(type, object, previous));
  }

  async start(): Promise<void> {
    await Promise.all([this.#pods.start(), this.#nodes.start(), this.#namespaces.start()]);
    if (this.#state === 'starting') this.#state = 'ready';
    this.#plan();
  }

  async stop(): Promise<void> {
    this.#state = 'stopped';
    this.#stopping.abort();
    await Promise.all([this.#pods.stop(), this.#nodes.stop(), this.#namespaces.stop()]);
    await Promise.all(this.#bindings);
    await this.#events.flush();
  }

  health() {
    return { state: this.#state, pending: this.#pending.size };
  }

  #podChanged(type: 'added' | 'updated' | 'deleted', pod: V1Pod, previous: V1Pod | undefined): void {
    const key = keyOfObject(pod);
    if (type === 'deleted' || pod.spec?.nodeName) {
      const before = type === 'updated' ? previous : undefined;
      this.#forget(key, pod, before);
      const matters =
        before === undefined ||
        ended(pod) !== ended(before) ||
        !isDeepStrictEqual(pod.metadata.labels, before.metadata.labels) ||
        !isDeepStrictEqual(requestsOf(pod), requestsOf(before));
      if (matters && this.#pending.retryParked()) this.#plan();
      return;
    }
    if (!this.#isMine(pod)) return this.#pending.remove(key);
    if (this.#assumed.has(key)) return;
    // Our own note of why it has no place is no reason to try again.
    if (
      this.#pending.isParked(key) &&
      previous !== undefined &&
      isDeepStrictEqual(previous.spec, pod.spec) &&
      isDeepStrictEqual(previous.metadata.labels, pod.metadata.labels)
    )
      return this.#pending.park(key, pod);
    this.#pending.offer(key, pod);
    this.#plan();
  }

  /** It waits no longer: it stands on a node, or is gone. `previous` is what it was, where it was there. */
  #forget(key: string, pod: V1Pod, previous: V1Pod | undefined): void {
    this.#pending.remove(key);
    this.#failures.delete(key);
    const assumed = this.#assumed.remove(key);
    if (assumed === undefined && previous !== undefined && isDeepStrictEqual(occupying(pod), occupying(previous))) return;
    for (const node of [pod.spec?.nodeName, assumed]) if (node) this.#views.podsChanged(node);
  }

  #isMine({ metadata, spec, status }: V1Pod): boolean {
    const mine = (spec?.schedulerName ?? DEFAULT_NAME) === (this.#options.name ?? DEFAULT_NAME);
    return (
      mine &&
      metadata.deletionTimestamp === undefined &&
      (spec?.schedulingGates ?? []).length === 0 &&
      status?.phase !== 'Failed' &&
      status?.phase !== 'Succeeded'
    );
  }

  #nodeChanged(type: 'added' | 'updated' | 'deleted', node: V1Node, previous: V1Node | undefined): void {
    const matters = type !== 'updated' || !isDeepStrictEqual(relevant(node), previous && relevant(previous));
    if (matters) this.#views.nodesChanged();
    if (matters && this.#pending.retryParked()) this.#plan();
  }

  #plan(): void {
    if (this.#planned || this.#state !== 'ready') return;
    this.#planned = true;
    queueMicrotask(() => {
      this.#planned = false;
      this.#placeAll();
    });
  }

  #placeAll(): void {
    while (this.#state === 'ready' && this.#bindings.size < BINDINGS_MAX) {
      const next = this.#pending.take();
      if (next === undefined) return;
      const { key, pod } = next;
      const verdict = decide(pod, this.#cluster(), this.#options.random.fraction(), this.#from);
      this.#from += verdict.kind === 'placed' ? verdict.looked : 0;
      if (verdict.kind === 'unschedulable') this.#pending.park(key, pod);
      else this.#assume(key, pod, verdict.node);
      const work = (verdict.kind === 'placed' ? this.#bind(key, pod, verdict.node) : this.#tell(pod, verdict.message)).finally(() => {
        this.#bindings.delete(work);
        this.#plan();
      });
      this.#bindings.add(work);
    }
  }

  #cluster(): ClusterView {
    return {
      nodes: this.#views.list(() => this.#nodes.list()),
      namespaceLabels: (namespace) => this.#namespaces.get(undefined, namespace)?.metadata.labels,
    };
  }

  #viewOf(node: V1Node): NodeView {
    const name = node.metadata.name ?? '';
    return viewOf(node, [...this.#pods.byIndex('node', name).filter((pod) => !ended(pod)), ...this.#assumed.on(name)]);
  }

  #assume(key: string, pod: V1Pod, nodeName: string): void {
    if (pod.spec === undefined) return;
    this.#assumed.add(key, { ...pod, spec: { ...pod.spec, nodeName } }, nodeName);
    this.#views.podsChanged(nodeName);
  }

  async #bind(key: string, pod: V1Pod, node: string): Promise<void> {
    const { client } = this.#options;
    const { name = '', namespace, uid } = pod.metadata;
    const binding: KubeObject & { target: object } = {
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: { name, ...(namespace === undefined ? {} : { namespace }), ...(uid === undefined ? {} : { uid }) },
      target: { apiVersion: 'v1', kind: 'Node', name: node },
    };
    try {
      await client.resource<KubeObject>(PODS).create(binding, { subresource: 'binding' });
      this.#failures.delete(key);
      this.#events.event(pod, 'Normal', 'Scheduled', `Successfully assigned ${namespace}/${name} to ${node}`);
    } catch (error) {
      this.#assumed.remove(key, uid);
      this.#views.podsChanged(node);
      await this.#bindFailed(key, error);
    }
  }

  async #bindFailed(key: string, error: unknown): Promise<void> {
    // Gone, or bound by another: the cache will say so.
    if (isStatus(error, 'NotFound', 'Conflict') || this.#state === 'stopped') return;
    const { clock, logger, random } = this.#options;
    logger.warn('Cannot bind a Pod; trying again', { pod: key, error });
    const backoff = this.#failures.get(key) ?? new Backoff(random, 100, 10_000);
    this.#failures.set(key, backoff);
    // A stop ends the wait early; there is nothing left to try then.
    await clock.sleep(backoff.next(), this.#stopping.signal).catch(() => undefined);
    const [namespace = '', name = ''] = key.split('/');
    const pod = this.#pods.get(namespace, name);
    if (pod !== undefined && !pod.spec?.nodeName && this.#isMine(pod)) this.#pending.offer(key, pod);
  }

  /** Says in the Pod's condition and in an event why it has no place. */
  async #tell(pod: V1Pod, message: string): Promise<void> {
    const { client, clock, logger } = this.#options;
    const present = pod.status?.conditions?.find(({ type }) => type === 'PodScheduled');
    this.#events.event(pod, 'Warning', 'FailedScheduling', message);
    if (present?.status === 'False' && present.message === message) return;
    const lastTransitionTime = present?.status === 'False' ? present.lastTransitionTime : timestamp(clock.now());
    const condition = { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message, lastTransitionTime };
    try {
      await client
        .resource<V1Pod>(PODS)
        .patch(
          pod.metadata.name ?? '',
          pod.metadata.namespace,
          'strategic',
          { metadata: { uid: pod.metadata.uid }, status: { conditions: [condition] } },
          { subresource: 'status' },
        );
    } catch (error) {
      if (!isStatus(error, 'NotFound', 'Conflict')) logger.warn('Cannot write why a Pod has no place', { pod: pod.metadata.name, error });
    }
  }
}

function ended({ status }: V1Pod): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed';
}

/** What of a Pod decides how much room it leaves, and to whom; of what its node says of it only what a resize holds. */
function occupying(pod: V1Pod): unknown {
  const { labels, deletionTimestamp, ownerReferences } = pod.metadata;
  return [pod.spec, labels, deletionTimestamp, ownerReferences, ended(pod), requestsOf(pod)];
}

/** What of a node decides about Pods; its heartbeats don't. */
function relevant({ metadata, spec, status }: V1Node): unknown {
  return { labels: metadata.labels, unschedulable: spec?.unschedulable, taints: spec?.taints, allocatable: status?.allocatable, images: status?.images };
}
