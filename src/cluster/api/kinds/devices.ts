import { resourceClaim, resourceClaimTemplate } from './devices/claim.ts';
import { DEVICE_CLASS, DEVICE_TAINT_RULE, RESOURCE_POOL_STATUS_REQUEST } from './devices/classes-and-taints.ts';
import { POD_GROUP, WORKLOAD } from './devices/pod-group.ts';
import { resourceSlice } from './devices/slice.ts';
import type { Strategy } from './strategy.ts';

/** Devices that Pods ask for, and Pods that are scheduled together. */
export const DEVICES: Readonly<Record<string, Strategy>> = {
  ResourceV1ResourceClaim: resourceClaim(false),
  V1beta2ResourceClaim: resourceClaim(false),
  V1beta1ResourceClaim: resourceClaim(true),
  V1ResourceClaimTemplate: resourceClaimTemplate(false),
  V1beta2ResourceClaimTemplate: resourceClaimTemplate(false),
  V1beta1ResourceClaimTemplate: resourceClaimTemplate(true),
  V1ResourceSlice: resourceSlice(false),
  V1beta2ResourceSlice: resourceSlice(false),
  V1beta1ResourceSlice: resourceSlice(true),
  V1DeviceClass: DEVICE_CLASS,
  V1beta2DeviceClass: DEVICE_CLASS,
  V1beta1DeviceClass: DEVICE_CLASS,
  V1beta2DeviceTaintRule: DEVICE_TAINT_RULE,
  V1alpha3DeviceTaintRule: DEVICE_TAINT_RULE,
  V1alpha3ResourcePoolStatusRequest: RESOURCE_POOL_STATUS_REQUEST,
  V1alpha2PodGroup: POD_GROUP,
  V1alpha2Workload: WORKLOAD,
};
