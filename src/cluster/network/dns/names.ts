import type { V1Endpoint } from '#cluster/api';

/** Lower case, without the last dot. */
export function normalize(name: string): string {
  return name.toLowerCase().replace(/\.$/, '');
}

/** The labels before the zone; undefined for a name that lies elsewhere. Pure. */
export function labelsIn(name: string, zone: string): readonly string[] | undefined {
  if (name === zone) return [];
  return name.endsWith(`.${zone}`) ? name.slice(0, -zone.length - 1).split('.') : undefined;
}

/** `10-88-0-5` as an address. Pure. */
export function dashedAddress(label: string): string | undefined {
  const parts = /^(\d{1,3})-(\d{1,3})-(\d{1,3})-(\d{1,3})$/.exec(label)?.slice(1).map(Number);
  return parts?.every((part) => part <= 255) ? parts.join('.') : undefined;
}

/** The address that a name of in-addr.arpa asks for. Pure. */
export function reverseAddress(name: string): string | undefined {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.in-addr\.arpa$/.exec(name)?.slice(1).map(Number);
  return parts?.every((part) => part <= 255) ? parts.reverse().join('.') : undefined;
}

/** What an endpoint of a headless Service is called: its hostname, or its address with dashes. Pure. */
export function endpointLabel({ hostname }: V1Endpoint, address: string): string {
  return hostname || address.replaceAll('.', '-');
}
