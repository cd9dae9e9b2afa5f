import type { KubeObject } from '#cluster/api';
import { deepFreeze } from '../cache/bytes.ts';
import { autoscalerToV1, autoscalerToV2 } from './autoscaler.ts';
import { claimFromBeta1, claimTemplateFromBeta1, claimTemplateToBeta1, claimToBeta1, sliceFromBeta1, sliceToBeta1 } from './devices.ts';
import { eventToCore, eventToEvents } from './event.ts';

type Conversion = (object: KubeObject, apiVersion: string) => KubeObject;
/** The key of the row names the version that the object was decoded in, so it has that version's shape. */
const as =
  <T extends KubeObject>(conversion: (object: T, apiVersion: string) => KubeObject): Conversion =>
  (object, apiVersion) =>
    conversion(object as T, apiVersion);
/** The versions have the same fields. */
const renamed: Conversion = (object, apiVersion) => ({ ...object, apiVersion });

/** Of each kind that is served in several versions: from which to which, and how; `*` for whatever no other row names. */
const CONVERSIONS: Readonly<Record<string, Conversion>> = {
  'HorizontalPodAutoscaler autoscaling/v2 autoscaling/v1': as(autoscalerToV1),
  'HorizontalPodAutoscaler autoscaling/v1 autoscaling/v2': as(autoscalerToV2),
  'Event v1 events.k8s.io/v1': as(eventToEvents),
  'Event events.k8s.io/v1 v1': as(eventToCore),
  'ResourceClaim resource.k8s.io/v1 resource.k8s.io/v1beta1': as(claimToBeta1),
  'ResourceClaim resource.k8s.io/v1beta1 resource.k8s.io/v1': as(claimFromBeta1),
  'ResourceClaim *': renamed,
  'ResourceClaimTemplate resource.k8s.io/v1 resource.k8s.io/v1beta1': as(claimTemplateToBeta1),
  'ResourceClaimTemplate resource.k8s.io/v1beta1 resource.k8s.io/v1': as(claimTemplateFromBeta1),
  'ResourceClaimTemplate *': renamed,
  'ResourceSlice resource.k8s.io/v1 resource.k8s.io/v1beta1': as(sliceToBeta1),
  'ResourceSlice resource.k8s.io/v1beta1 resource.k8s.io/v1': as(sliceFromBeta1),
  'ResourceSlice *': renamed,
  'DeviceClass *': renamed,
  'DeviceTaintRule *': renamed,
  'MutatingAdmissionPolicy *': renamed,
  'MutatingAdmissionPolicyBinding *': renamed,
  'ClusterTrustBundle *': renamed,
  'LeaseCandidate *': renamed,
  'IPAddress *': renamed,
  'ServiceCIDR *': renamed,
  'VolumeAttributesClass *': renamed,
};

/** The same object in another version; frozen where the one given is. One of the two versions is the stored one. */
export function convert(object: KubeObject, apiVersion: string): KubeObject {
  if (object.apiVersion === apiVersion) return object;
  const conversion = CONVERSIONS[`${object.kind} ${object.apiVersion} ${apiVersion}`] ?? CONVERSIONS[`${object.kind} *`];
  if (!conversion) throw new TypeError(`no conversion of ${object.kind} from ${object.apiVersion} to ${apiVersion}`);
  const converted = conversion(object, apiVersion);
  return Object.isFrozen(object) ? deepFreeze(converted) : converted;
}
