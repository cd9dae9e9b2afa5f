import type { ServedResource } from '../resources.ts';
import { isRecord } from '../schema/is-record.ts';
import type { KubeObject } from '../types.ts';
import { difference, type FieldSet, NO_FIELDS, union } from './field-set.ts';
import { ownable, shapeOfResource } from './managers.ts';
import { changedFields, fieldsOf } from './values.ts';

const ANNOTATION = 'kubectl.kubernetes.io/last-applied-configuration';
/** Who applied by itself before, and lets the server do it now. */
const KUBECTL = 'kubectl';
const BYTES_MAX = 256 * 1024;

/** What kubectl applied by itself and still stands so: its own to change when the server applies for it. */
export function writtenByClient(resource: ServedResource, live: KubeObject | undefined, manager: string): FieldSet {
  const text = live?.metadata.annotations?.[ANNOTATION];
  if (manager !== KUBECTL || text === undefined) return NO_FIELDS;
  const said = parsed(text);
  if (said?.apiVersion !== live?.apiVersion || said?.kind !== live?.kind) return NO_FIELDS;
  const shape = shapeOfResource(resource);
  const otherwise = union(ownable(changedFields(shape, live, said)), ownable(changedFields(shape, said, live)));
  return difference(ownable(fieldsOf(shape, said)), otherwise);
}

/** The object with what the older kubectl has to take for applied; one that never saw such a kubectl as it is. */
export function withLastApplied(object: KubeObject, live: KubeObject | undefined, applied: KubeObject, manager: string): KubeObject {
  if (manager !== KUBECTL || !live?.metadata.annotations?.[ANNOTATION]) return object;
  const { [ANNOTATION]: _, ...annotations } = applied.metadata.annotations ?? {};
  const metadata = { ...applied.metadata, ...(applied.metadata.annotations === undefined ? {} : { annotations }) };
  const text = `${JSON.stringify(inOrder({ ...applied, metadata }))}\n`;
  const { [ANNOTATION]: _old, ...others } = object.metadata.annotations ?? {};
  const kept = Buffer.byteLength(text) > BYTES_MAX ? others : { ...others, [ANNOTATION]: text };
  return { ...object, metadata: { ...object.metadata, annotations: kept } };
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch (error) {
    // Somebody wrote the annotation by hand.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([one], [other]) => (one < other ? -1 : 1))
      .map(([name, content]) => [name, inOrder(content)]),
  );
}
