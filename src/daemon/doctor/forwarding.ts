import { foreignForwardDrops } from '../why/foreign-rules.ts';
import type { Finding } from './types.ts';

/** Whether another program's firewall drops what is led to published ports. Gantry leaves it alone: whose rules they are must decide. */
export async function checkForwarding(): Promise<Finding> {
  const name = 'forwarding';
  const drops = await foreignForwardDrops();
  if (drops === undefined) return { name, ok: true, warning: true, detail: 'the rules of other programs could not be looked at' };
  const [first] = drops;
  if (first === undefined) return { name, ok: true, detail: 'no other program drops what is forwarded' };
  const where = drops.map(({ table, chain }) => `chain ${chain} of table ${table}`).join(', ');
  const command = first.table.startsWith('iptables')
    ? 'iptables-legacy -I FORWARD -m conntrack --ctstate DNAT -j ACCEPT'
    : `nft insert rule ${first.table} ${first.chain} ct status dnat accept`;
  return {
    name,
    ok: true,
    warning: true,
    detail: `${where} drops what it does not accept: from outside of this machine published ports and Services do not answer, and containers reach nothing outside`,
    remedy: { kind: 'advice', advice: `let it accept them, for published ports with "${command}", and what comes from the bridges of containers` },
  };
}
