import type { EngineNetwork, PoolSpec } from '#engine';
import { defined } from './json.ts';
import { shaped } from './shapes.ts';
import { goTime } from './times.ts';

/** A network as lists and inspections show it; `minor` is the client's version. */
export function networkView(network: EngineNetwork, containers: object, minor: number): object {
  const value = {
    Name: network.name,
    Id: network.id,
    Created: goTime(network.created_ms),
    Scope: 'local',
    Driver: network.driver,
    EnableIPv4: true,
    EnableIPv6: network.ipv6 !== undefined || network.configOnly?.ipv6 === true,
    IPAM: { Driver: 'default', Options: null, Config: poolsOf(network).map(poolView) },
    Internal: network.internal,
    Attachable: network.attachable ?? false,
    Ingress: false,
    ConfigFrom: { Network: network.configFrom ?? '' },
    ConfigOnly: network.configOnly !== undefined,
    Containers: containers,
    Options: network.options,
    Labels: network.labels,
  };
  return shaped('network', value, minor);
}

function poolsOf({ configOnly, ipv6, subnet, gateway, range, auxiliary }: EngineNetwork): readonly PoolSpec[] {
  if (configOnly !== undefined) return configOnly.pools;
  return [...(subnet === undefined ? [] : [defined({ subnet, gateway, range, auxiliary })]), ...(ipv6 === undefined ? [] : [ipv6])];
}

function poolView({ subnet, range, gateway, auxiliary }: PoolSpec): object {
  return defined({ Subnet: subnet, IPRange: range, Gateway: gateway, AuxiliaryAddresses: auxiliary });
}
