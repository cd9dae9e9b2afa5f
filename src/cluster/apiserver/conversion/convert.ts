import type { KubeObject } from '#cluster/api';
import { deepFreeze } from '../cache/bytes.ts';
import { autoscalerToV1, autoscalerToV2 } from './autoscaler.ts';
import { eventToCore, eventToEvents } from './event.ts';

type Conversion = (object: KubeObject) => KubeObject;
/** The key of the row names the version that the object was decoded in, so it has that version's shape. */
const as =
  <T extends KubeObject>(conversion: (object: T) => KubeObject): Conversion =>
  (object) =>
    conversion(object as T);

/** From which version of a kind to which, and how. Only resources that are served in several versions are here. */
const CONVERSIONS: Readonly<Record<string, Conversion>> = {
  'autoscaling/v2 HorizontalPodAutoscaler autoscaling/v1': as(autoscalerToV1),
  'autoscaling/v1 HorizontalPodAutoscaler autoscaling/v2': as(autoscalerToV2),
  'v1 Event events.k8s.io/v1': as(eventToEvents),
  'events.k8s.io/v1 Event v1': as(eventToCore),
};

/** The same object in another version; frozen where the one given is. */
export function convert(object: KubeObject, apiVersion: string): KubeObject {
  if (object.apiVersion === apiVersion) return object;
  const conversion = CONVERSIONS[`${object.apiVersion} ${object.kind} ${apiVersion}`];
  if (!conversion) throw new TypeError(`no conversion of ${object.kind} from ${object.apiVersion} to ${apiVersion}`);
  const converted = conversion(object);
  return Object.isFrozen(object) ? deepFreeze(converted) : converted;
}
