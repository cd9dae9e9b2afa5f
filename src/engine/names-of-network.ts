import type { DnsAnswer, DnsHandler, DnsQuestion } from '#network';
import { isLive } from './container.ts';
import type { ContainerTable, Entry } from './table.ts';

const TTL_SECONDS = 600;

/** Answers the names of the containers that share a user-defined network with this one; others are the machine's resolvers' to answer. */
export function namesFor(entry: Entry, table: ContainerTable): DnsHandler {
  return (question) => answer(question, entry, table);
}

function answer(question: DnsQuestion, asking: Entry, table: ContainerTable): DnsAnswer {
  const name = question.name.toLowerCase().replace(/\.$/, '');
  const networks = Object.keys(asking.record.endpoints).filter((network) => network !== 'bridge');
  if (question.type === 'PTR') return reverse(question.name, name, networks, table);
  const addresses: string[] = [];
  for (const other of table.all()) {
    if (!isLive(other.record.state)) continue;
    for (const network of networks) {
      const endpoint = other.record.endpoints[network];
      if (
        endpoint &&
        [...namesOf(other, network), ...linkNames(asking, network, other, table)].some((each) => name === each || name === `${each}.${network.toLowerCase()}`)
      )
        addresses.push(endpoint.address);
    }
  }
  if (addresses.length === 0) return { kind: 'forward' };
  if (question.type !== 'A') return { kind: 'records', records: [] };
  return { kind: 'records', records: addresses.map((data) => ({ name: question.name, type: 'A', ttl_seconds: TTL_SECONDS, data })) };
}

function reverse(asked: string, name: string, networks: readonly string[], table: ContainerTable): DnsAnswer {
  const address = name
    .replace(/\.in-addr\.arpa$/, '')
    .split('.')
    .reverse()
    .join('.');
  for (const other of table.all()) {
    const network = networks.find((each) => other.record.endpoints[each]?.address === address);
    if (network !== undefined && isLive(other.record.state))
      return { kind: 'records', records: [{ name: asked, type: 'PTR', ttl_seconds: TTL_SECONDS, data: `${other.record.name}.${network}` }] };
  }
  return { kind: 'forward' };
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
