import { defaultDefinition } from '../custom/default-definition.ts';
import { withDefaults } from '../custom/defaults.ts';
import type { ServedResource } from '../resources.ts';
import type { KubeObject } from '../types.ts';
import {
  defaultAutoscalerV1,
  defaultAutoscalerV2,
  defaultDeployment,
  defaultEndpointSlice,
  defaultNamespace,
  defaultPod,
  defaultReplicaSet,
  defaultSecret,
  defaultService,
} from './kinds.ts';
import { defaultBinding, defaultPriorityClass } from './access.ts';
import { defaultLimitRange } from './limit-range.ts';

type Default = (object: KubeObject) => void;

/** The function's parameter is the model of the key; the object was decoded by that model, so it has its shape. */
const as =
  <T extends KubeObject>(change: (object: T) => void): Default =>
  (object) =>
    change(object as T);

const BY_MODEL: Readonly<Record<string, Default>> = {
  V1Pod: as(defaultPod),
  V1Deployment: as(defaultDeployment),
  V1ReplicaSet: as(defaultReplicaSet),
  V1Service: as(defaultService),
  V1Namespace: as(defaultNamespace),
  V1Secret: as(defaultSecret),
  V1HorizontalPodAutoscaler: as(defaultAutoscalerV1),
  V2HorizontalPodAutoscaler: as(defaultAutoscalerV2),
  V1EndpointSlice: as(defaultEndpointSlice),
  V1RoleBinding: as(defaultBinding),
  V1ClusterRoleBinding: as(defaultBinding),
  V1PriorityClass: as(defaultPriorityClass),
  V1CustomResourceDefinition: as(defaultDefinition),
  V1LimitRange: as(defaultLimitRange),
};

/** A copy of a decoded object with every default that its kind documents. */
export function applyDefaults(resource: ServedResource, object: KubeObject): KubeObject {
  // Its root is an object, and defaults make nothing else of it.
  if (resource.custom !== undefined) return resource.custom.hasDefaults ? (withDefaults(resource.custom.schema, object) as KubeObject) : object;
  const change = BY_MODEL[resource.model];
  if (change === undefined) return object;
  const copy = structuredClone(object);
  change(copy);
  return copy;
}
