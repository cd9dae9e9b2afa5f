import { digest } from '../names.ts';

/** A set, or a map when it has a `value` type. */
export interface NamedSet {
  /** Types of the key's parts, such as `ipv4_addr . inet_service`. */
  readonly type: string;
  readonly value?: string;
  readonly flags?: string;
  readonly timeout_seconds?: number;
  /** By key; the value is empty in a set. Undefined: the kernel's packets fill it. */
  readonly elements?: ReadonlyMap<string, string>;
}

export interface Chain {
  /** As in `type nat hook output priority -100; policy accept;`; absent for a chain that others jump to. */
  readonly hook?: string;
  readonly rules: readonly string[];
  /** One for each rule, by which rules are compared: the kernel gives a rule back in other words than it was told. */
  readonly digests: readonly string[];
}

/** What one nftables table holds. */
export interface RuleSet {
  readonly sets: ReadonlyMap<string, NamedSet>;
  readonly chains: ReadonlyMap<string, Chain>;
}

export const EMPTY: RuleSet = { sets: new Map(), chains: new Map() };

/** A chain of these rules. */
export function chain(rules: readonly string[], hook?: string): Chain {
  return { rules, digests: rules.map((rule) => digest(rule)), ...(hook === undefined ? {} : { hook }) };
}
