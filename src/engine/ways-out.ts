import type { StoredEndpoint } from './container.ts';
import type { EngineNetwork } from './types.ts';

/** By which of its networks a container reaches others, and is reached by published ports. Pure. */

export type Endpoints = Readonly<Record<string, StoredEndpoint>>;

export interface WaysOut {
  /** The network with IPv4's default route. */
  readonly ipv4?: string;
  readonly ipv6?: string;
  /** The network to which published ports lead. */
  readonly published?: string;
}

/** The network of the highest priority, or else the one that was asked for first; internal ones lead nowhere. */
export function waysOut(endpoints: Endpoints, networkOf: (name: string) => Pick<EngineNetwork, 'internal' | 'driver'>): WaysOut {
  const open = Object.entries(endpoints)
    .filter(([name]) => !networkOf(name).internal)
    .toSorted(([, a], [, b]) => (b.gwPriority ?? 0) - (a.gwPriority ?? 0));
  const found = {
    ipv4: open[0]?.[0],
    ipv6: open.find(([, { ipv6 }]) => ipv6 !== undefined)?.[0],
    // Ends of macvlan stand on the outer network themselves.
    published: open.find(([name]) => networkOf(name).driver === 'bridge')?.[0],
  };
  return Object.fromEntries(Object.entries(found).filter(([, name]) => name !== undefined));
}
