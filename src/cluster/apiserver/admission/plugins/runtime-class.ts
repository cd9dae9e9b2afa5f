import { isDeepStrictEqual } from 'node:util';
import { forbidden, type V1Pod, type V1RuntimeClass } from '#cluster/api';
import { objectKey } from '../../cache/keys.ts';
import type { ObjectCache } from '../../cache/object-cache.ts';
import { isResource } from '../../kinds.ts';
import type { AdmissionPlugin } from '../types.ts';

const CLASSES = { group: 'node.k8s.io', resource: 'runtimeclasses' };
const PODS = { group: '', resource: 'pods' };

type PodSpec = NonNullable<V1Pod['spec']>;

/** New Pods get what their RuntimeClass says of overhead and nodes, and say nothing else of it. */
export const runtimeClass: AdmissionPlugin = {
  name: 'RuntimeClass',
  handles: ({ operation, served, subresource }) => operation === 'CREATE' && subresource === undefined && isResource(served, '', 'pods'),
  mutate({ cache }, { object, name }) {
    // Decoded as a Pod.
    const { spec } = object as V1Pod;
    const found = spec === undefined ? undefined : classOf(cache, spec, name);
    if (spec === undefined || found === undefined) return;
    const overhead = found.overhead?.podFixed;
    if (overhead !== undefined) {
      if (spec.overhead !== undefined && !isDeepStrictEqual(spec.overhead, overhead))
        throw forbidden(PODS, name, "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead");
      spec.overhead = overhead;
    }
    const { nodeSelector = {}, tolerations = [] } = found.scheduling ?? {};
    for (const [key, wanted] of Object.entries(nodeSelector)) {
      const said = spec.nodeSelector?.[key] ?? wanted;
      if (said !== wanted)
        throw forbidden(PODS, name, `conflict: runtimeClass.scheduling.nodeSelector[${key}] = ${wanted}; pod.spec.nodeSelector[${key}] = ${said}`);
    }
    if (Object.keys(nodeSelector).length > 0) spec.nodeSelector = { ...spec.nodeSelector, ...nodeSelector };
    const missing = tolerations.filter((one) => !(spec.tolerations ?? []).some((other) => isDeepStrictEqual(one, other)));
    if (missing.length > 0) spec.tolerations = [...(spec.tolerations ?? []), ...missing];
  },
  validate({ cache }, { object, name }) {
    // As above.
    const { spec } = object as V1Pod;
    if (spec?.overhead === undefined || Object.keys(spec.overhead).length === 0) return;
    if (classOf(cache, spec, name)?.overhead === undefined)
      throw forbidden(PODS, name, 'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead');
  },
};

function classOf(cache: ObjectCache, { runtimeClassName: wanted }: PodSpec, name: string): V1RuntimeClass | undefined {
  if (wanted === undefined) return undefined;
  const key = objectKey(CLASSES, undefined, wanted);
  const found = cache.get(key);
  if (found === undefined) throw forbidden(PODS, name, `pod rejected: RuntimeClass ${JSON.stringify(wanted)} not found`);
  // What stands under a class's key was decoded as one.
  return found as V1RuntimeClass;
}
