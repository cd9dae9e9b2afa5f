import { type ApiRequest, type KubeObject, type TrackOptions, trackUpdate } from '#cluster/api';
import { type Context, timestamp } from '../context.ts';
import type { Served } from '../kinds.ts';

/** In whose name a write is done, and through which subresource. */
export type Writer = Pick<TrackOptions, 'manager' | 'subresource'>;

/** The writer that a request names; of those in the same process, who say nothing, the user. */
export function writerOf({ query, user, subresource }: Pick<ApiRequest, 'query' | 'user' | 'subresource'>): Writer {
  return { manager: query.fieldManager || programOf(user.name), ...(subresource === undefined ? {} : { subresource }) };
}

/** `system:node:a` is the agent of a node, `system:kube-scheduler` a part of the cluster. */
function programOf(user: string): string {
  return user.startsWith('system:node:') ? 'kubelet' : user.replace(/^system:/, '');
}

/**
 * The object with who manages which of its fields; `before` and `after` are in the version of `served`. What `after` says of managers itself
 * counts, so that a client may move fields from one to another; an empty list, or an empty entry alone, forgets them all.
 */
export function tracked(context: Context, served: Served, before: KubeObject | undefined, after: KubeObject, writer: Writer): KubeObject {
  const managedFields = managersToStartFrom(before, after, writer);
  return trackUpdate(served.info, before, after, { ...writer, managedFields, time: timestamp(context.clock) });
}

/** An entry as this server writes them, or the one that forgets all others. */
function isReadable(entry: unknown): boolean {
  if (typeof entry !== 'object' || entry === null) return false;
  const { operation, fieldsType, fieldsV1 } = entry as Readonly<Record<string, unknown>>; // looked at before it is used
  const isEntry = (operation === 'Apply' || operation === 'Update') && fieldsType === 'FieldsV1' && typeof fieldsV1 === 'object';
  return isEntry || Object.keys(entry).length === 0;
}

function managersToStartFrom(before: KubeObject | undefined, after: KubeObject, { subresource }: Writer): readonly unknown[] {
  const known = before?.metadata.managedFields ?? [];
  const given = after.metadata.managedFields;
  if (subresource !== undefined || given === undefined || !given.every(isReadable)) return known;
  const [only] = given;
  return given.length === 1 && typeof only === 'object' && only !== null && Object.keys(only).length === 0 ? [] : given;
}
