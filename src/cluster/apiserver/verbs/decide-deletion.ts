import { CUSTOM_CLEANUP, type KubeObject } from '#cluster/api';
import { type Context, mutable, timestamp } from '../context.ts';
import { isDefinition, settleDefinition } from '../custom/settle.ts';
import { isResource, type Served } from '../kinds.ts';
import type { DeleteOptions } from './delete-options.ts';
import type { Change } from './write.ts';

const FINALIZER = { Orphan: 'orphan', Foreground: 'foregroundDeletion' } as const;
const POD_GRACE_SECONDS = 30;

/** Pure but for the clock: what a deletion makes of the object. Of a deletion that is under way the finalizers stay as they are. */
export function decideDeletion(context: Context, served: Served, object: KubeObject, options: DeleteOptions): Change {
  if (isResource(served, '', 'namespaces')) return decideNamespace(context, object);
  if (isDefinition(served) && object.metadata.deletionTimestamp === undefined) return decideDefinition(context, object);
  const grace_seconds = isResource(served, '', 'pods') ? graceOf(object, options) : 'none';
  if (grace_seconds === 'pending') return { keep: object };
  const finalizers = finalizersAfter(served, object.metadata.finalizers ?? [], options.propagationPolicy);
  if (grace_seconds === 'none' && finalizers.length === 0) return { remove: object };
  const next = grace_seconds === 'none' ? markedNow(context, object) : marked(context, object, grace_seconds);
  if (finalizers.length > 0) next.metadata.finalizers = finalizers;
  else delete next.metadata.finalizers;
  return grace_seconds === 0 && finalizers.length === 0 ? { remove: next, first: next } : { put: next };
}

/** A definition goes when the objects of its kind have gone, whatever its writers made of its finalizers. */
function decideDefinition(context: Context, object: KubeObject): Change {
  const next = markedNow(context, object);
  delete next.metadata.deletionGracePeriodSeconds;
  next.metadata.finalizers = [...new Set([...(object.metadata.finalizers ?? []), CUSTOM_CLEANUP])];
  settleDefinition(context, next);
  return { put: next };
}

/** Nobody is given time, but somebody has something to do first. */
function markedNow(context: Context, object: KubeObject): KubeObject {
  const { deletionTimestamp } = object.metadata;
  const now = timestamp(context.clock);
  return withEnd(object, deletionTimestamp !== undefined && deletionTimestamp <= now ? deletionTimestamp : now, 0);
}

/** The time that is given counts from the first deletion, and is never over before it is written down. */
function marked(context: Context, object: KubeObject, grace_seconds: number): KubeObject {
  const { deletionTimestamp, deletionGracePeriodSeconds = 0 } = object.metadata;
  if (deletionTimestamp === undefined) return withEnd(object, timestamp(context.clock, grace_seconds * 1000), grace_seconds);
  const end_ms = Date.parse(deletionTimestamp) + (grace_seconds - deletionGracePeriodSeconds) * 1000;
  const later_ms = end_ms - context.clock.now();
  return later_ms < 0
    ? withEnd(object, timestamp(context.clock), Math.min(grace_seconds, 1))
    : withEnd(object, timestamp(context.clock, later_ms), grace_seconds);
}

function withEnd(object: KubeObject, deletionTimestamp: string, deletionGracePeriodSeconds: number): KubeObject {
  const next = mutable(object);
  if (next.metadata.deletionTimestamp === undefined && next.metadata.generation !== undefined) next.metadata.generation += 1;
  Object.assign(next.metadata, { deletionTimestamp, deletionGracePeriodSeconds });
  return next;
}

/** A namespace ends when the controller has emptied it and taken its own finalizer away. */
function decideNamespace(context: Context, object: KubeObject): Change {
  // Namespaces that are stored were validated: spec.finalizers is a list of texts.
  const namespace = object as KubeObject & { spec?: { finalizers?: string[] } };
  if ((namespace.spec?.finalizers ?? []).length === 0 && (object.metadata.finalizers ?? []).length === 0) return { remove: object };
  if (object.metadata.deletionTimestamp !== undefined) return { keep: object };
  const next: KubeObject & { status?: unknown } = mutable(object);
  next.metadata.deletionTimestamp = timestamp(context.clock);
  next.status = { ...((next.status as object | undefined) ?? {}), phase: 'Terminating' };
  return { put: next };
}

/** The time that a Pod is given: none any more where it has had it, and time can only be shortened. */
function graceOf(object: KubeObject, { gracePeriodSeconds: asked }: DeleteOptions): number | 'none' | 'pending' {
  const { deletionTimestamp, deletionGracePeriodSeconds: given = 0 } = object.metadata;
  if (deletionTimestamp !== undefined) {
    if (given === 0) return 'none';
    return asked === undefined || asked >= given ? 'pending' : asked;
  }
  // Pods that are stored were validated.
  const pod = object as KubeObject & { spec?: { nodeName?: string; terminationGracePeriodSeconds?: number }; status?: { phase?: string } };
  if (!pod.spec?.nodeName || pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed') return 0;
  return asked ?? pod.spec.terminationGracePeriodSeconds ?? POD_GRACE_SECONDS;
}

/** Nothing belongs to an Event, of either group. */
function finalizersAfter({ info }: Served, present: readonly string[], policy: string | undefined): string[] {
  if (policy === undefined || info.kind === 'Event') return [...present];
  const others = present.filter((finalizer) => finalizer !== FINALIZER.Orphan && finalizer !== FINALIZER.Foreground);
  return policy === 'Orphan' || policy === 'Foreground' ? [...others, FINALIZER[policy]] : others;
}
