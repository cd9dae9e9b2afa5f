import type { ForwardDrop } from './types.ts';

/** The parts of libnftables-json(5) that are read here. */
interface Item {
  readonly chain?: { readonly family: string; readonly table: string; readonly name: string; readonly hook?: string; readonly policy?: string };
  readonly rule?: { readonly family: string; readonly table: string; readonly chain: string; readonly expr?: readonly Expression[] };
}
interface Expression {
  readonly match?: { readonly op?: string; readonly left?: { readonly ct?: { readonly key?: string } }; readonly right?: unknown };
  readonly counter?: unknown;
  readonly accept?: unknown;
  readonly xt?: unknown;
}

/** The chains of others at the forward hook that drop what they do not accept, from `nft -j list ruleset`. Pure. */
export function forwardDrops(ruleset: unknown, ownTable: string | undefined): readonly ForwardDrop[] {
  // A cast because the form is documented in libnftables-json(5); all that is read is optional.
  const items = (ruleset as { nftables?: readonly Item[] }).nftables ?? [];
  return items.flatMap(({ chain }) => {
    if (chain?.hook !== 'forward' || chain.policy !== 'drop' || !['ip', 'inet'].includes(chain.family)) return [];
    if (chain.family === 'inet' && chain.table === ownTable) return [];
    const rules = items.filter(({ rule }) => rule?.family === chain.family && rule.table === chain.table && rule.chain === chain.name);
    return [{ table: `${chain.family} ${chain.table}`, chain: chain.name, accepts: rules.some(({ rule }) => acceptsLed(rule?.expr ?? [])) }];
  });
}

/** Whether a rule accepts everything, or everything that a rule of Gantry has led elsewhere. */
function acceptsLed(expressions: readonly Expression[]): boolean {
  const conditions = expressions.filter((one) => !('counter' in one) && !('accept' in one));
  if (!expressions.some((one) => 'accept' in one)) return false;
  return conditions.every(({ match }) => match?.left?.ct?.key === 'status' && JSON.stringify(match.right).includes('dnat') && match.op !== '!=');
}

/** The same of `iptables-legacy -S FORWARD`. Pure. */
export function legacyForwardDrops(listing: string): readonly ForwardDrop[] {
  if (!/^-P FORWARD DROP$/m.test(listing)) return [];
  const accepts = /^-A FORWARD(?: -m conntrack --ctstate \S*DNAT\S*)? -j ACCEPT$/m.test(listing);
  return [{ table: 'iptables-legacy filter', chain: 'FORWARD', accepts }];
}
