import { digest } from '../names.ts';
import type { ServiceRule } from '../types.ts';
import { type Chain, chain, type NamedSet } from './rule-set.ts';

/** What the services add to the table. */
export interface ServiceParts {
  readonly chains: ReadonlyMap<string, Chain>;
  readonly affinitySets: ReadonlyMap<string, NamedSet>;
  /** `address . protocol . port` → verdict. */
  readonly services: ReadonlyMap<string, string>;
  /** `protocol . port` → verdict. */
  readonly nodePorts: ReadonlyMap<string, string>;
  /** `address . protocol . port` without a backend. */
  readonly refused: ReadonlyMap<string, string>;
  /** `address . address` of every backend. */
  readonly themselves: ReadonlyMap<string, string>;
}

interface Parts {
  readonly chains: Map<string, Chain>;
  readonly affinitySets: Map<string, NamedSet>;
  readonly services: Map<string, string>;
  readonly nodePorts: Map<string, string>;
  readonly refused: Map<string, string>;
  readonly themselves: Map<string, string>;
}

/** One chain a service: a random backend, or the one the client had before. Pure. */
export function serviceParts(rules: readonly ServiceRule[]): ServiceParts {
  const parts: Parts = { chains: new Map(), affinitySets: new Map(), services: new Map(), nodePorts: new Map(), refused: new Map(), themselves: new Map() };
  for (const rule of rules) {
    const { protocol, address, port, nodePort, backends } = rule;
    const key = `${address} . ${protocol} . ${port}`;
    if (backends.length === 0) {
      parts.refused.set(key, '');
      continue;
    }
    for (const backend of backends) parts.themselves.set(`${backend.address} . ${backend.address}`, '');
    const name = `svc_${digest(protocol, address, port)}`;
    if (rule.affinity_seconds === undefined) parts.chains.set(name, chain(pickAny(rule)));
    else addSticky(parts, name, rule, rule.affinity_seconds);
    parts.services.set(key, `goto ${name}`);
    if (nodePort !== undefined) parts.nodePorts.set(`${protocol} . ${nodePort}`, `goto ${name}`);
  }
  return parts;
}

/**
 * The last rule is for a packet that is in the chain while the chain is replaced: the kernel switches a map without a name off
 * before it has let go of all packets that look into it, and they find nothing there.
 */
function pickAny({ protocol, backends }: ServiceRule): readonly string[] {
  const choices = backends.map(({ address, port }, index) => `${index} : ${address} . ${port}`).join(', ');
  const pick = `meta l4proto ${protocol} dnat ip to numgen random mod ${backends.length} map { ${choices} }`;
  const last = backends.slice(0, 1).map(({ address, port }) => `meta l4proto ${protocol} dnat ip to ${address}:${port}`);
  return backends.length === 1 ? last : [pick, ...last];
}

/** One chain and one set of clients a backend; the kernel adds clients as they come and forgets them after the time. */
function addSticky(parts: Parts, name: string, rule: ServiceRule, affinity_seconds: number): void {
  const targets = rule.backends.map(({ address, port }) => {
    const suffix = digest(name, address, port, affinity_seconds);
    const [endpoint, clients] = [`ep_${suffix}`, `cl_${suffix}`];
    parts.affinitySets.set(clients, { type: 'ipv4_addr', flags: 'dynamic,timeout', timeout_seconds: affinity_seconds });
    parts.chains.set(endpoint, chain([`update @${clients} { ip saddr }`, `meta l4proto ${rule.protocol} dnat ip to ${address}:${port}`]));
    return { endpoint, clients };
  });
  const known = targets.map(({ endpoint, clients }) => `ip saddr @${clients} goto ${endpoint}`);
  const choices = targets.map(({ endpoint }, index) => `${index} : goto ${endpoint}`).join(', ');
  const last = targets.slice(0, 1).map(({ endpoint }) => `goto ${endpoint}`);
  const pick = targets.length === 1 ? [] : [`numgen random mod ${targets.length} vmap { ${choices} }`];
  parts.chains.set(name, chain([...known, ...pick, ...last]));
}
