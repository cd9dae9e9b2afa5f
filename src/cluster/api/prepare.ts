import { isDeepStrictEqual } from 'node:util';
import { copyOf } from './copy.ts';
import { strategyOf } from './kinds/index.ts';
import { withoutGated } from './kinds/gated-fields.ts';
import { NOT_ACTED_ON } from './kinds/not-acted-on.ts';
import { saidWithStatus } from './kinds/status-metadata.ts';
import type { ServedResource } from './resources.ts';
import type { KubeObject } from './types.ts';

type Parts = KubeObject & { spec?: unknown; status?: unknown };

/** What a create may not say for itself: status is the cluster's. */
export function withoutStatus(resource: ServedResource, object: KubeObject): KubeObject {
  if (!resource.subresources.includes('status') || strategyOf(resource).bringsStatus) return object;
  // Every model's spec and status are fields of these names, if it has them.
  const { status: _, ...rest } = object as Parts;
  return rest;
}

/** What the server says of a new object. Answers a copy; system fields of metadata are the server's part. */
export function prepareForCreate(resource: ServedResource, object: KubeObject): KubeObject {
  const copy: Parts = { ...(withoutGated(withoutStatus(resource, object)) as Parts), metadata: { ...object.metadata } };
  const { counted, prepareCreate } = strategyOf(resource);
  prepareCreate?.(copy);
  if (counted || resource.custom !== undefined) copy.metadata.generation = 1;
  return copy;
}

/** What the writer of an object should know of it; `old` is what it takes the place of. Of a subresource there is nothing to say. */
export function warningsOf(resource: ServedResource, object: KubeObject, old?: KubeObject, subresource?: string): readonly string[] {
  if (resource.custom !== undefined || subresource !== undefined) return [];
  const notYet = old === undefined ? NOT_ACTED_ON[resource.model] : undefined;
  const ofKind = strategyOf(resource).warnings?.(object, old) ?? [];
  return notYet === undefined ? ofKind : [...ofKind, notYet];
}

/**
 * What an update may change: of the main resource everything but status, of `status` only that. The generation grows when
 * the spec differs. Answers a copy.
 */
export function prepareForUpdate(resource: ServedResource, object: KubeObject, old: KubeObject, subresource?: string): KubeObject {
  const next: Parts = subresource === 'status' ? object : withoutGated(object, old);
  const before = old as Parts;
  const copy: Parts = subresource === 'status' ? { ...before, metadata: statusMetadata(resource, next, before) } : { ...next, metadata: { ...next.metadata } };
  if (subresource === 'status') put(copy, 'status', next.status);
  else if (resource.subresources.includes('status')) put(copy, 'status', before.status);
  const { counted, prepareUpdate, prepareStatusUpdate } = strategyOf(resource);
  if (subresource === undefined) prepareUpdate?.(copy, old);
  if (subresource === 'status' && prepareStatusUpdate !== undefined) {
    copy.status = copyOf(copy.status);
    prepareStatusUpdate(copy, old);
  }
  if (subresource !== 'status' && (counted || resource.custom !== undefined)) recountGeneration(resource, copy, before);
  return copy;
}

/** Says of the object which generation it is after the one that it takes the place of. */
export function recountGeneration(resource: ServedResource, object: KubeObject, old: KubeObject): void {
  const generation = old.metadata.generation ?? 1;
  object.metadata.generation = isNewGeneration(resource, object as Parts, old as Parts) ? generation + 1 : generation;
}

function isNewGeneration(resource: ServedResource, now: Parts, before: Parts): boolean {
  if (resource.custom !== undefined) return !isDeepStrictEqual(wantedOf(resource, now), wantedOf(resource, before));
  const { counted } = strategyOf(resource);
  return typeof counted === 'function' ? counted(now, before) : !isDeepStrictEqual(now.spec, before.spec);
}

/** All of a custom object that somebody wants: where it has no status apart, that too. */
function wantedOf(resource: ServedResource, { metadata: _, status, ...rest }: Parts): object {
  return resource.subresources.includes('status') ? rest : { ...rest, status };
}

/** A status update brings its revision to check, who manages what and, of most kinds, what its sender may say of the object. */
function statusMetadata(resource: ServedResource, { metadata }: KubeObject, before: KubeObject): KubeObject['metadata'] {
  const said: KubeObject['metadata'] = { ...before.metadata };
  // What a definition describes is owned whoever writes it, and stays.
  const fields = resource.custom === undefined ? saidWithStatus(resource) : [];
  for (const field of [...fields, 'resourceVersion', 'managedFields'] as const) {
    // Each field is copied onto itself: the types of the two sides are the same one.
    if (metadata[field] !== undefined) Object.assign(said, { [field]: metadata[field] });
    else if (field !== 'resourceVersion' && field !== 'managedFields') delete said[field];
  }
  return said;
}

function put(object: Parts, field: 'status', value: unknown): void {
  if (value === undefined) delete object[field];
  else object[field] = value;
}
