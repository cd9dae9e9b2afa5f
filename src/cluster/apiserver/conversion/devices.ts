import type {
  KubeObject,
  ResourceV1ResourceClaim,
  V1Device,
  V1DeviceRequest,
  V1ResourceClaimSpec,
  V1ResourceClaimTemplate,
  V1ResourceSlice,
  V1beta1Device,
  V1beta1DeviceRequest,
  V1beta1ResourceClaim,
  V1beta1ResourceClaimSpec,
  V1beta1ResourceClaimTemplate,
  V1beta1ResourceSlice,
} from '#cluster/api';

type To<From extends KubeObject> = (object: From, apiVersion: string) => KubeObject;

/** The first version has what is asked for in the request itself; later ones in `exactly`, beside `firstAvailable`. */
function requestToBeta1({ name, exactly, firstAvailable }: V1DeviceRequest): V1beta1DeviceRequest {
  return { name, ...exactly, ...(firstAvailable && { firstAvailable }) };
}

function requestFromBeta1({ name, firstAvailable, ...exactly }: V1beta1DeviceRequest): V1DeviceRequest {
  const { deviceClassName, ...others } = exactly;
  const isExact = deviceClassName !== undefined || Object.keys(others).length > 0;
  return { name, ...(isExact && { exactly: { ...others, deviceClassName: deviceClassName ?? '' } }), ...(firstAvailable && { firstAvailable }) };
}

function specOf<From extends { devices?: { requests?: R[] } }, R, S>(spec: From, request: (one: R) => S) {
  const { devices } = spec;
  if (devices?.requests === undefined) return spec;
  return { ...spec, devices: { ...devices, requests: devices.requests.map(request) } };
}

export const claimToBeta1: To<ResourceV1ResourceClaim> = (claim, apiVersion) => {
  const converted: KubeObject & { spec: unknown } = {
    ...claim,
    apiVersion,
    spec: specOf<V1ResourceClaimSpec, V1DeviceRequest, V1beta1DeviceRequest>(claim.spec, requestToBeta1),
  };
  return converted;
};

export const claimFromBeta1: To<V1beta1ResourceClaim> = (claim, apiVersion) => {
  const converted: KubeObject & { spec: unknown } = {
    ...claim,
    apiVersion,
    spec: specOf<V1beta1ResourceClaimSpec, V1beta1DeviceRequest, V1DeviceRequest>(claim.spec, requestFromBeta1),
  };
  return converted;
};

export const claimTemplateToBeta1: To<V1ResourceClaimTemplate> = (template, apiVersion) => {
  const spec = { ...template.spec, spec: specOf<V1ResourceClaimSpec, V1DeviceRequest, V1beta1DeviceRequest>(template.spec.spec, requestToBeta1) };
  const converted: KubeObject & { spec: unknown } = { ...template, apiVersion, spec };
  return converted;
};

export const claimTemplateFromBeta1: To<V1beta1ResourceClaimTemplate> = (template, apiVersion) => {
  const spec = { ...template.spec, spec: specOf<V1beta1ResourceClaimSpec, V1beta1DeviceRequest, V1DeviceRequest>(template.spec.spec, requestFromBeta1) };
  const converted: KubeObject & { spec: unknown } = { ...template, apiVersion, spec };
  return converted;
};

/** The first version has all of a device in `basic`. */
export const sliceToBeta1: To<V1ResourceSlice> = (slice, apiVersion) => {
  const devices = slice.spec.devices?.map(({ name, ...basic }: V1Device): V1beta1Device => ({ name, basic }));
  const converted: KubeObject & { spec: unknown } = { ...slice, apiVersion, spec: { ...slice.spec, ...(devices && { devices }) } };
  return converted;
};

export const sliceFromBeta1: To<V1beta1ResourceSlice> = (slice, apiVersion) => {
  const devices = slice.spec.devices?.map(({ name, basic }: V1beta1Device): V1Device => ({ name, ...basic }));
  const converted: KubeObject & { spec: unknown } = { ...slice, apiVersion, spec: { ...slice.spec, ...(devices && { devices }) } };
  return converted;
};
