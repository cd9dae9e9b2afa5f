import { badRequest, type CustomScale, invalid, type KubeObject, type ObjectSelector, objectSelectorText } from '#cluster/api';
import { readScale, withReplicas } from '../custom/scale.ts';

/** autoscaling/v1 Scale: the one view that an autoscaler needs of anything that has replicas. */
export interface Scale extends KubeObject {
  spec: { replicas?: number };
  status: { replicas: number; selector?: string };
}

/** Deployments, ReplicaSets, StatefulSets, ReplicationControllers: what of them a Scale shows. */
interface Scalable extends KubeObject {
  spec?: { replicas?: number; selector?: ObjectSelector | Record<string, string> };
  status?: { replicas?: number };
}

export function scaleOf(object: KubeObject, custom?: CustomScale): Scale {
  // Only called for resources whose table entry has the scale subresource.
  const { metadata, spec, status } = object as Scalable;
  const { name, namespace, uid, resourceVersion, creationTimestamp } = metadata;
  const shown =
    custom === undefined
      ? { replicas: spec?.replicas ?? 0, current: status?.replicas ?? 0, selector: selectorText(spec?.selector) }
      : readScale(custom, object);
  return {
    apiVersion: 'autoscaling/v1',
    kind: 'Scale',
    metadata: {
      ...(name === undefined ? {} : { name }),
      ...(namespace === undefined ? {} : { namespace }),
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
      ...(creationTimestamp === undefined ? {} : { creationTimestamp }),
    },
    spec: { replicas: shown.replicas },
    status: { replicas: shown.current, ...(shown.selector === '' ? {} : { selector: shown.selector }) },
  };
}

/** The object with the replicas of the Scale. Errors: 400 for what is no whole number, 422 for one below 0. */
export function withScale(object: KubeObject, scale: unknown, custom?: CustomScale): KubeObject {
  // Read field by field below.
  const replicas = (scale as { spec?: { replicas?: unknown } } | undefined)?.spec?.replicas ?? 0;
  if (typeof replicas !== 'number' || !Number.isInteger(replicas)) {
    throw badRequest(`Cannot scale "${object.metadata.name}": spec.replicas is ${JSON.stringify(replicas)}, want a whole number`);
  }
  if (replicas < 0) {
    const message = `Invalid value: ${replicas}: must be greater than or equal to 0`;
    throw invalid('Scale', 'autoscaling', object.metadata.name ?? '', [{ reason: 'FieldValueInvalid', field: 'spec.replicas', message }]);
  }
  if (custom !== undefined) return withReplicas(custom, object, replicas);
  const next = structuredClone(object) as Scalable;
  next.spec = { ...next.spec, replicas };
  return next;
}

/** A selector as text, as an autoscaler hands it back in a list of Pods. */
function selectorText(selector: NonNullable<Scalable['spec']>['selector']): string {
  if (!selector) return '';
  const isStructured = 'matchLabels' in selector || 'matchExpressions' in selector;
  // Without either of the two names it is a ReplicationController's plain map of labels.
  return objectSelectorText((isStructured ? selector : { matchLabels: selector }) as ObjectSelector);
}
