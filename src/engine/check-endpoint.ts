import { contains, familyOf } from '#network';
import { invalid, networkConfigOnly } from './errors.ts';
import { endpointSettings } from './network-options.ts';
import type { EndpointSpec, EngineNetwork } from './types.ts';

/** Refuses what can be refused of an endpoint before anything is made. Errors: `ENGINE_INVALID`, `ENGINE_UNSUPPORTED`, `NETWORK_CONFIG_ONLY`. */
export function checkEndpoint(network: EngineNetwork, { address, ipv6Address, aliases = [], driverOptions = {} }: EndpointSpec): void {
  const { name, configOnly, subnet, ipv6 } = network;
  if (configOnly !== undefined) throw networkConfigOnly(name);
  if (name === 'bridge' && aliases.length > 0) throw invalid('endpoint settings', 'network-scoped aliases are only supported for user-defined networks');
  if (ipv6Address !== undefined && ipv6 === undefined) throw invalid('endpoint settings', `network ${name} has no IPv6 for the address ${ipv6Address}`);
  for (const [wanted, own] of [
    [address, subnet],
    [ipv6Address, ipv6?.subnet],
  ])
    if (wanted !== undefined && (familyOf(wanted) === undefined || own === undefined || !contains(own, wanted)))
      throw invalid('endpoint settings', `no configured subnet contains IP address ${wanted}: network ${name} has ${own ?? 'none'}`);
  endpointSettings(driverOptions);
}
