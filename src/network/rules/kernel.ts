import type { Chain, NamedSet, RuleSet } from './rule-set.ts';
import { EMPTY } from './rule-set.ts';

/** The parts of libnftables-json(5) that are read here. */
interface Listing {
  readonly nftables: readonly { readonly set?: ListedSet; readonly map?: ListedSet; readonly chain?: ListedChain; readonly rule?: ListedRule }[];
}
interface ListedSet {
  readonly name: string;
  readonly type: string | readonly string[];
  readonly map?: string;
  readonly timeout?: number;
  readonly elem?: readonly unknown[];
}
interface ListedChain {
  readonly name: string;
  readonly type?: string;
  readonly hook?: string;
  readonly prio?: number;
  readonly policy?: string;
}
interface ListedRule {
  readonly chain: string;
  readonly comment?: string;
}

/** What `nft -j list table` says, as a rule set; no listing is an empty one. Pure. */
export function fromKernel(listing: unknown): RuleSet {
  if (listing === undefined) return EMPTY;
  // A cast because the form is documented in libnftables-json(5); what differs in meaning only makes a part look changed.
  const { nftables } = listing as Listing;
  const sets = new Map<string, NamedSet>();
  const chains = new Map<string, Chain & { digests: string[] }>();
  for (const { set, map, chain } of nftables) {
    const listed = set ?? map;
    if (listed) sets.set(listed.name, readSet(listed));
    if (chain) chains.set(chain.name, { rules: [], digests: [], ...hookOf(chain) });
  }
  for (const { rule } of nftables) if (rule) chains.get(rule.chain)?.digests.push(rule.comment ?? '');
  return { sets, chains };
}

function hookOf({ type, hook, prio, policy }: ListedChain): { hook?: string } {
  return hook === undefined ? {} : { hook: `type ${type} hook ${hook} priority ${prio}; policy ${policy};` };
}

function readSet(set: ListedSet): NamedSet {
  const types = typeof set.type === 'string' ? [set.type] : set.type;
  const base = { type: types.join(' . '), ...(set.map === undefined ? {} : { value: set.map }) };
  // Sets with a timeout are filled by packets: their elements are the kernel's own.
  if (set.timeout !== undefined) return { ...base, timeout_seconds: set.timeout };
  const elements = (set.elem ?? []).map((element): [string, string] => {
    if (set.map === undefined || !Array.isArray(element)) return [words(element, types), ''];
    return [words(element[0], types), words(element[1], [])];
  });
  return { ...base, elements: new Map(elements) };
}

/** An element in the words in which it was added. */
function words(value: unknown, types: readonly string[]): string {
  if (typeof value === 'string') return types[0] === 'ifname' ? `"${value}"` : value;
  if (typeof value !== 'object' || value === null) return String(value);
  if ('concat' in value && Array.isArray(value.concat)) return value.concat.map((part, index) => words(part, types.slice(index))).join(' . ');
  if ('prefix' in value) {
    const { addr, len } = value.prefix as { addr: string; len: number };
    return `${addr}/${len}`;
  }
  if ('goto' in value) return `goto ${(value.goto as { target: string }).target}`;
  if ('elem' in value) return words((value.elem as { val: unknown }).val, types);
  return JSON.stringify(value);
}
