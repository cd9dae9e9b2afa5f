import type { V1EndpointSlice, V1Service } from '#cluster/api';
import { type ClusterClient, createInformer, ENDPOINT_SLICES, SERVICES } from '#cluster/client';
import type { Clock, Logger, Random } from '#kit';
import type { ServiceState } from '../types.ts';
import { serviceOf } from './endpoints.ts';

export interface ServiceStateOptions {
  readonly client: ClusterClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** Follows Services and EndpointSlices, once for all who need them. */
export function createServiceState({ client, ...options }: ServiceStateOptions): ServiceState {
  const services = createInformer<V1Service>(client, SERVICES, { ...options, indexes: { address: ({ spec }) => (spec?.clusterIP ? [spec.clusterIP] : []) } });
  const slices = createInformer<V1EndpointSlice>(client, ENDPOINT_SLICES, {
    ...options,
    indexes: {
      service: (slice) => [serviceOf(slice) ?? ''],
      address: ({ endpoints = [] }) => [...new Set(endpoints.flatMap(({ addresses }) => addresses))],
    },
  });
  return {
    services,
    slices,
    start: async () => void (await Promise.all([services.start(), slices.start()])),
    stop: async () => void (await Promise.all([services.stop(), slices.stop()])),
  };
}
