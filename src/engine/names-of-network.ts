import { type DnsAnswer, type DnsHandler, type DnsQuestion, type DnsRecord, valueAddress } from '#network';
import { isLive } from './container.ts';
import type { ContainerTable, Entry } from './table.ts';
import type { Endpoint } from './types.ts';

const TTL_SECONDS = 600;

/** Answers the names of the containers that share a user-defined network with this one; others are the machine's resolvers' to answer. */
export function namesFor(entry: Entry, table: ContainerTable): DnsHandler {
  return (question) => answer(question, entry, table);
}

function answer(question: DnsQuestion, asking: Entry, table: ContainerTable): DnsAnswer {
  const name = question.name.toLowerCase().replace(/\.$/, '');
  const networks = Object.keys(asking.record.endpoints).filter((network) => network !== 'bridge');
  if (question.type === 'PTR') return reverse(question.name, name, networks, table);
  const found: Endpoint[] = [];
  for (const other of table.all()) {
    if (!isLive(other.record.state)) continue;
    for (const network of networks) {
      const endpoint = other.record.endpoints[network];
      if (
        endpoint &&
        [...namesOf(other, network), ...linkNames(asking, network, other, table)].some((each) => name === each || name === `${each}.${network.toLowerCase()}`)
      )
        found.push(endpoint);
    }
  }
  if (found.length === 0) return { kind: 'forward' };
  return { kind: 'records', records: addressRecords(question, found) };
}

/** None of a family that the containers don't have: the name is there all the same. */
function addressRecords({ name, type }: DnsQuestion, endpoints: readonly Endpoint[]): DnsRecord[] {
  if (type !== 'A' && type !== 'AAAA') return [];
  const addresses = endpoints.flatMap(({ address, ipv6 }) => (type === 'A' ? [address] : ipv6 === undefined ? [] : [ipv6.address]));
  return addresses.map((data) => ({ name, type, ttl_seconds: TTL_SECONDS, data }));
}

function reverse(asked: string, name: string, networks: readonly string[], table: ContainerTable): DnsAnswer {
  const address = addressOfReverse(name);
  if (address === undefined) return { kind: 'forward' };
  for (const other of table.all()) {
    const network = networks.find((each) => {
      const endpoint = other.record.endpoints[each];
      return endpoint?.address === address || endpoint?.ipv6?.address === address;
    });
    if (network !== undefined && isLive(other.record.state))
      return { kind: 'records', records: [{ name: asked, type: 'PTR', ttl_seconds: TTL_SECONDS, data: `${other.record.name}.${network}` }] };
  }
  return { kind: 'forward' };
}

/** `2.0.88.10.in-addr.arpa`, or the same of IPv6 (RFC 3596), as the address. */
function addressOfReverse(name: string): string | undefined {
  const four = /^((?:\d{1,3}\.){3}\d{1,3})\.in-addr\.arpa$/.exec(name)?.[1];
  if (four !== undefined) return four.split('.').reverse().join('.');
  const six = /^((?:[0-9a-f]\.){31}[0-9a-f])\.ip6\.arpa$/.exec(name)?.[1];
  return six === undefined ? undefined : valueAddress(BigInt(`0x${six.split('.').reverse().join('')}`), 6);
}

/** The names that the asking container alone has for another one. */
function linkNames({ record }: Entry, network: string, other: Entry, table: ContainerTable): string[] {
  const { network: mode } = record.spec;
  const links = mode.kind === 'networks' ? (mode.endpoints[network]?.links ?? []) : [];
  return links.filter(({ container }) => isSame(table, container, other)).map(({ alias }) => alias.toLowerCase());
}

function isSame(table: ContainerTable, ref: string, other: Entry): boolean {
  return ref === other.record.name || table.idOfName(ref) === other.record.id || (ref.length >= 12 && other.record.id.startsWith(ref));
}

function namesOf({ record }: Entry, network: string): string[] {
  return [record.name, record.id.slice(0, 12), record.hostname, ...(record.endpoints[network]?.aliases ?? [])].map((each) => each.toLowerCase());
}
