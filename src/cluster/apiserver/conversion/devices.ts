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
  return { name, deviceClassName: '', ...exactly, ...(firstAvailable && { firstAvailable }) };
}

function requestFromBeta1({ name, firstAvailable, ...exactly }: V1beta1DeviceRequest): V1DeviceRequest {
  const { deviceClassName, ...others } = exactly;
  const isExact = Boolean(deviceClassName) || Object.keys(others).length > 0;
  return { name, ...(isExact && { exactly: { ...others, deviceClassName: deviceClassName ?? '' } }), ...(firstAvailable && { firstAvailable }) };
}

/** A spec, or a part of it, may not be there yet: conversion also meets what the rules have not seen. */
function requestsOf<Spec extends { devices?: { requests?: R[] } }, R>(spec: Spec | undefined, request: (one: R) => object): object | undefined {
  const devices = spec?.devices;
  if (devices?.requests === undefined) return spec;
  return { ...spec, devices: { ...devices, requests: devices.requests.map(request) } };
}

function withSpec(object: KubeObject, apiVersion: string, spec: object | undefined): KubeObject {
  return { ...object, apiVersion, ...(spec && { spec }) };
}

export const claimToBeta1: To<ResourceV1ResourceClaim> = (claim, apiVersion) =>
  withSpec(claim, apiVersion, requestsOf<V1ResourceClaimSpec, V1DeviceRequest>(claim.spec, requestToBeta1));

export const claimFromBeta1: To<V1beta1ResourceClaim> = (claim, apiVersion) =>
  withSpec(claim, apiVersion, requestsOf<V1beta1ResourceClaimSpec, V1beta1DeviceRequest>(claim.spec, requestFromBeta1));

export const claimTemplateToBeta1: To<V1ResourceClaimTemplate> = (template, apiVersion) => {
  const inner = requestsOf<V1ResourceClaimSpec, V1DeviceRequest>(template.spec?.spec, requestToBeta1);
  return withSpec(template, apiVersion, template.spec && { ...template.spec, ...(inner && { spec: inner }) });
};

export const claimTemplateFromBeta1: To<V1beta1ResourceClaimTemplate> = (template, apiVersion) => {
  const inner = requestsOf<V1beta1ResourceClaimSpec, V1beta1DeviceRequest>(template.spec?.spec, requestFromBeta1);
  return withSpec(template, apiVersion, template.spec && { ...template.spec, ...(inner && { spec: inner }) });
};

/** The first version has all of a device in `basic`. */
export const sliceToBeta1: To<V1ResourceSlice> = (slice, apiVersion) => {
  const devices = slice.spec?.devices?.map(({ name, ...basic }: V1Device): V1beta1Device => ({ name, basic }));
  return withSpec(slice, apiVersion, slice.spec && { ...slice.spec, ...(devices && { devices }) });
};

export const sliceFromBeta1: To<V1beta1ResourceSlice> = (slice, apiVersion) => {
  const devices = slice.spec?.devices?.map(({ name, basic }: V1beta1Device): V1Device => ({ name, ...basic }));
  return withSpec(slice, apiVersion, slice.spec && { ...slice.spec, ...(devices && { devices }) });
};
