import { badRequest, type KubeObject, type ResourceRef, type ServedResource, type Table, toTable } from '#cluster/api';
import type { Context } from '../context.ts';

interface Asked {
  readonly resource: ResourceRef;
  readonly subresource: string | undefined;
  readonly includeObject: string | undefined;
  /** Of meta.k8s.io. */
  readonly version: string;
}
/** What tells how objects are shown: the time it is, and the kinds there are. */
export type Shown = Pick<Context, 'clock' | 'kinds'>;
const INCLUDES = ['Metadata', 'Object', 'None'] as const;

/** The objects as `kubectl get` prints them. A watch says the columns only once (`withColumns`). Errors: 400 for an includeObject that there isn't. */
export function tableOf(asked: Asked, { clock, kinds }: Shown, objects: readonly KubeObject[], metadata: Table['metadata'], withColumns = true): object {
  const includeObject = INCLUDES.find((one) => one === (asked.includeObject || 'Metadata'));
  if (!includeObject) throw badRequest(`Cannot use includeObject="${asked.includeObject}": supported values: "Metadata", "None", "Object"`);
  const table = toTable(resourceOf(asked, kinds, objects), objects, { now_ms: clock.now(), includeObject, metaVersion: asked.version, metadata });
  return { ...table, apiVersion: `meta.k8s.io/${asked.version}`, ...(withColumns ? {} : { columnDefinitions: null }) };
}

/** Of what isn't in the table of resources a Scale has columns of its own; usage has a name and an age. */
function resourceOf({ resource, subresource }: Asked, kinds: Shown['kinds'], objects: readonly KubeObject[]): ServedResource {
  const served = kinds.find(resource);
  if (served && (subresource === undefined || objects[0]?.kind === served.info.kind)) return served.info;
  const kind = objects[0]?.kind ?? '';
  const model = kind === 'Scale' ? 'V1Scale' : '';
  return { ...resource, kind, listKind: `${kind}List`, singular: '', namespaced: true, verbs: [], shortNames: [], categories: [], subresources: [], model };
}
