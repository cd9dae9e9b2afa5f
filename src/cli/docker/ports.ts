import { isIP } from 'node:net';
import { UsageError } from '../errors.ts';

export interface PortBinding {
  readonly HostIp: string;
  readonly HostPort: string;
}
export interface Published {
  readonly exposed: Readonly<Record<string, object>>;
  readonly bindings: Readonly<Record<string, readonly PortBinding[]>>;
}
interface Range {
  readonly first: number;
  readonly last: number;
}

/** `[[IP:]HOST:]CONTAINER[/PROTOCOL]` of `-p`, each side a port or a range, as the API takes them. Errors: `USAGE`. */
export function publishedPorts(texts: readonly string[]): Published {
  const bindings: Record<string, PortBinding[]> = {};
  for (const text of texts) for (const { port, binding } of parsePublished(text)) (bindings[port] ??= []).push(binding);
  return { exposed: Object.fromEntries(Object.keys(bindings).map((port) => [port, {}])), bindings };
}

function parsePublished(text: string): readonly { readonly port: string; readonly binding: PortBinding }[] {
  const { address, host, container, protocol } = partsOf(text);
  const inside = parseRange(container);
  const outside = host === '' ? undefined : parseRange(host);
  if (inside === undefined || (host !== '' && outside === undefined)) throw badPort(text);
  const count = inside.last - inside.first + 1;
  const hostCount = outside === undefined ? 0 : outside.last - outside.first + 1;
  if (outside !== undefined && hostCount !== count && count > 1)
    throw new UsageError(`Cannot publish "${text}": the ranges have ${hostCount} and ${count} ports`);
  return Array.from({ length: count }, (_none, index) => ({
    port: `${inside.first + index}/${protocol}`,
    binding: { HostIp: address, HostPort: hostPort(outside, hostCount === count ? index : undefined) },
  }));
}

function partsOf(text: string): { readonly address: string; readonly host: string; readonly container: string; readonly protocol: string } {
  const [, bracketed, places = '', protocol = 'tcp'] = /^(?:\[([^\]]+)\]:)?([^/[\]]+)(?:\/(tcp|udp|sctp))?$/.exec(text) ?? [];
  const parts = places.split(':');
  const [container = '', host = '', address = bracketed ?? ''] = parts.toReversed();
  if (parts.length > (bracketed === undefined ? 3 : 2) || (address !== '' && isIP(address) === 0)) throw badPort(text);
  return { address, host, container, protocol };
}

/** A host's range for one port of the container means any port of the range. */
function hostPort(range: Range | undefined, index: number | undefined): string {
  if (range === undefined) return '';
  return index === undefined ? `${range.first}-${range.last}` : String(range.first + index);
}

function parseRange(text: string): Range | undefined {
  const [, first, last] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? [];
  if (first === undefined) return undefined;
  const range = { first: Number(first), last: Number(last ?? first) };
  return range.first <= range.last && range.last <= 65_535 ? range : undefined;
}

function badPort(text: string): UsageError {
  return new UsageError(`Cannot publish "${text}": write [[IP:]HOST_PORT:]CONTAINER_PORT[/tcp|udp|sctp], such as 8080:80`);
}
