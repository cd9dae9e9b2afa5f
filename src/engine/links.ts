import { readFile, writeFile } from 'node:fs/promises';
import { type ContainerRecord, isLive } from './container.ts';
import { invalid, linkDown } from './errors.ts';
import { parsePort } from './publishing.ts';
import { pathsOf, type Rooms } from './rooms.ts';
import type { Entry } from './table.ts';
import type { ContainerSpec, LinkSpec } from './types.ts';

/** Links are by names of the file /etc/hosts on the default network; on others the engine's name server answers them. */
const LINKED_NETWORK = 'bridge';

/** What a container knows of the others that it is linked to, when it starts. */
export interface Linked {
  /** For /etc/hosts. */
  readonly hosts: readonly string[];
  readonly environment: readonly string[];
}

function linksOf({ network, links = [] }: ContainerSpec): readonly LinkSpec[] {
  const own = network.kind === 'networks' ? network.endpoints[LINKED_NETWORK] : undefined;
  return own === undefined ? [] : [...links, ...(own.links ?? [])];
}

/** Errors: `ENGINE_INVALID`, `CONTAINER_UNKNOWN`. */
export function checkLinks(rooms: Pick<Rooms, 'table'>, { network, links = [] }: ContainerSpec): void {
  if (links.length > 0 && (network.kind === 'host' || network.kind === 'container'))
    throw invalid('links', `conflicting options: ${network.kind} type networking can't be used with links`);
  const all = network.kind === 'networks' ? Object.values(network.endpoints).flatMap((endpoint) => endpoint.links ?? []) : [];
  for (const { container } of [...links, ...all]) rooms.table.find(container);
}

/** One that does not run is passed over where `passing` says so. Errors: `LINK_DOWN` where it does not. */
export function linkedTo(rooms: Pick<Rooms, 'table'>, record: Pick<ContainerRecord, 'name' | 'spec'>, { passing = false } = {}): Linked {
  const [hosts, environment]: [string[], string[]] = [[], []];
  for (const { container, alias } of linksOf(record.spec)) {
    const other = passing ? rooms.table.all().find((entry) => isNamed(entry.record, container))?.record : rooms.table.find(container).record;
    const address = other?.endpoints[LINKED_NETWORK]?.address;
    if (other === undefined || !isLive(other.state) || address === undefined) {
      if (passing) continue;
      throw linkDown(other?.name ?? container, record.name, alias);
    }
    hosts.push(`${address}\t${namesOf(other, alias)}`);
    environment.push(...variablesOf(record.name, alias, other, address));
  }
  return { hosts, environment };
}

const namesOf = ({ id, name }: ContainerRecord, alias: string) => [...new Set([alias, id.slice(0, 12), name])].join(' ');

/** `DB_PORT_5432_TCP_ADDR` and its like: each exposed port, and the other one's own variables. */
function variablesOf(name: string, alias: string, other: ContainerRecord, address: string): readonly string[] {
  const prefix = alias.toUpperCase().replaceAll(/[^A-Z0-9_]/g, '_');
  const ports = other.exposed.map(parsePort).toSorted((a, b) => a.containerPort - b.containerPort || a.protocol.localeCompare(b.protocol));
  const addressOf = ({ containerPort, protocol }: (typeof ports)[number]) => `${protocol}://${address}:${containerPort}`;
  const [first] = ports;
  return [
    `${prefix}_NAME=/${name}/${alias}`,
    ...(first === undefined ? [] : [`${prefix}_PORT=${addressOf(first)}`]),
    ...ports.flatMap((port) => {
      const key = `${prefix}_PORT_${port.containerPort}_${port.protocol.toUpperCase()}`;
      return [`${key}=${addressOf(port)}`, `${key}_ADDR=${address}`, `${key}_PORT=${port.containerPort}`, `${key}_PROTO=${port.protocol}`];
    }),
    ...other.process.environment.filter((entry) => !/^(HOME|PATH)=/.test(entry)).map((entry) => `${prefix}_ENV_${entry}`),
  ];
}

/** A container that started may have another address than before: those that are linked to it learn of it. */
export async function tellLinked(rooms: Rooms, { record }: Entry): Promise<void> {
  const address = record.endpoints[LINKED_NETWORK]?.address;
  if (address === undefined) return;
  for (const { record: other } of rooms.table.all()) {
    const aliases = linksOf(other.spec).filter(({ container }) => isNamed(record, container));
    if (!isLive(other.state) || aliases.length === 0) continue;
    const path = pathsOf(rooms, other).hosts;
    const before = await readFile(path, 'utf8');
    const endings = aliases.map(({ alias }) => `\t${namesOf(record, alias)}`);
    const lines = before.split('\n').map((line) => {
      const ending = endings.find((each) => line.endsWith(each));
      return ending === undefined ? line : `${address}${ending}`;
    });
    // The file is bound into the container: it is written in place.
    if (lines.join('\n') !== before) await writeFile(path, lines.join('\n'));
  }
}

function isNamed({ id, name }: ContainerRecord, ref: string): boolean {
  return ref === name || (ref.length >= 12 && id.startsWith(ref));
}
