import { IP_ADDRESS, SERVICE_CIDR } from './network/address-range.ts';
import { ENDPOINT_SLICE } from './network/endpoint-slice.ts';
import { ENDPOINTS } from './network/endpoints.ts';
import { INGRESS_CLASS } from './network/ingress-class.ts';
import { INGRESS } from './network/ingress.ts';
import { NETWORK_POLICY } from './network/network-policy.ts';
import { SERVICE } from './network/service.ts';
import type { Strategy } from './strategy.ts';

/** Services, who stands behind them, and who may reach whom. */
export const NETWORK: Readonly<Record<string, Strategy>> = {
  V1Service: SERVICE,
  V1Endpoints: ENDPOINTS,
  V1EndpointSlice: ENDPOINT_SLICE,
  V1Ingress: INGRESS,
  V1IngressClass: INGRESS_CLASS,
  V1NetworkPolicy: NETWORK_POLICY,
  V1IPAddress: IP_ADDRESS,
  V1beta1IPAddress: IP_ADDRESS,
  V1ServiceCIDR: SERVICE_CIDR,
  V1beta1ServiceCIDR: SERVICE_CIDR,
};
