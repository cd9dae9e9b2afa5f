/**
 * The fields that hold quantities (`100m`, `1Gi`), by type without its version. The public models know them as strings only,
 * but a quantity may be written as a bare number and must be one that can be read.
 */
const QUANTITY_FIELDS: Readonly<Record<string, readonly string[]>> = {
  CSIStorageCapacity: ['capacity', 'maximumVolumeSize'],
  CapacityRequestPolicy: ['default', 'validValues'],
  CapacityRequestPolicyRange: ['max', 'min', 'step'],
  CapacityRequirements: ['requests'],
  ContainerStatus: ['allocatedResources'],
  Counter: ['value'],
  DeviceCapacity: ['value'],
  DeviceRequestAllocationResult: ['consumedCapacity'],
  EmptyDirVolumeSource: ['sizeLimit'],
  HPAScalingRules: ['tolerance'],
  LimitRangeItem: ['default', 'defaultRequest', 'max', 'maxLimitRequestRatio', 'min'],
  MetricTarget: ['averageValue', 'value'],
  MetricValueStatus: ['averageValue', 'value'],
  NodeStatus: ['allocatable', 'capacity'],
  Overhead: ['podFixed'],
  PersistentVolumeClaimStatus: ['allocatedResources', 'capacity'],
  PersistentVolumeSpec: ['capacity'],
  PodSpec: ['overhead'],
  PodStatus: ['allocatedResources'],
  ResourceFieldSelector: ['divisor'],
  ResourceQuotaSpec: ['hard'],
  ResourceQuotaStatus: ['hard', 'used'],
  ResourceRequirements: ['limits', 'requests'],
  VolumeResourceRequirements: ['limits', 'requests'],
};

/** Whether the field of a generated model (`V1ResourceRequirements`) holds quantities: one, a list or a map of them. */
export function isQuantityField(model: string, field: string): boolean {
  return QUANTITY_FIELDS[model.replace(/^V\d+(?:(?:alpha|beta)\d+)?/, '')]?.includes(field) ?? false;
}
