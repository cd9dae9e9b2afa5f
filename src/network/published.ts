import { isIP } from 'node:net';
import { addressInvalid, portInUse, portInvalid, protocolUnsupported } from './errors.ts';
import { addressValue, familyOf } from './ip.ts';
import type { PublishedPort } from './types.ts';

/** Errors: `PORT_INVALID`, `PROTOCOL_UNSUPPORTED`, `ADDRESS_INVALID`. */
export function checkPublished(port: PublishedPort): void {
  if (port.protocol !== 'tcp' && port.protocol !== 'udp') throw protocolUnsupported(port.protocol);
  for (const [number, smallest] of [
    [port.hostPort, 0],
    [port.targetPort, 1],
  ] as const) {
    if (!Number.isInteger(number) || number < smallest || number > 65_535) throw portInvalid(number);
  }
  if (isIP(port.hostAddress) === 0) throw addressInvalid(port.hostAddress);
  addressValue(port.targetAddress);
  if (port.targetAddress6 !== undefined && familyOf(port.targetAddress6) !== 6) throw addressInvalid(port.targetAddress6);
}

/** Whether two entries are the same port of the host. */
export function samePort(a: PublishedPort, b: PublishedPort): boolean {
  return a.protocol === b.protocol && a.hostAddress === b.hostAddress && a.hostPort === b.hostPort;
}

/** From what is published to what is to be. */
export interface PublishedChange {
  readonly kept: readonly PublishedPort[];
  readonly gone: readonly PublishedPort[];
  readonly fresh: readonly PublishedPort[];
}

/** What is to be done to come from one set of ports to another. Pure. */
export function changeOf(before: readonly PublishedPort[], wanted: readonly PublishedPort[]): PublishedChange {
  const same = (a: PublishedPort, b: PublishedPort) => samePort(a, b) && leadsTo(a, b);
  return {
    kept: before.filter((old) => wanted.some((port) => same(old, port))),
    gone: before.filter((old) => !wanted.some((port) => same(old, port))),
    fresh: wanted.filter((port) => !before.some((old) => same(old, port))),
  };
}

/** Whether both lead to the same place. */
export function leadsTo(a: PublishedPort, b: PublishedPort): boolean {
  return a.targetAddress === b.targetAddress && a.targetPort === b.targetPort && a.targetAddress6 === b.targetAddress6;
}

/** Where clients of an address are led to. */
export function targetOf({ targetAddress, targetAddress6 }: PublishedPort, address: string): string {
  return familyOf(address) === 6 ? (targetAddress6 ?? targetAddress) : targetAddress;
}

/** Whether two ports can't be held at once. */
export function clash(a: PublishedPort, b: PublishedPort): boolean {
  if (a.protocol !== b.protocol || a.hostPort !== b.hostPort || a.hostPort === 0) return false;
  const [fromA, fromB] = [a, b].map(addressesOf);
  return (fromA ?? []).some((one) => (fromB ?? []).some((other) => meet(one, other)));
}

/** The addresses that are held for it: with all of IPv4 comes all of IPv6. */
export function addressesOf({ hostAddress }: PublishedPort): readonly string[] {
  return hostAddress === '0.0.0.0' ? ['0.0.0.0', '::'] : [hostAddress];
}

function meet(a: string, b: string): boolean {
  return a === b || (isIP(a) === isIP(b) && [a, b].some((address) => address === '0.0.0.0' || address === '::'));
}

/** Errors: `PORT_IN_USE` where two of the ports want the same place of the host. That `::` comes with 0.0.0.0 is fine. */
export function checkApart(ports: readonly PublishedPort[]): void {
  for (const [index, port] of ports.entries()) {
    const first = ports.slice(0, index).find((other) => clash(other, port) && !comesAlong(other, port));
    if (first) throw portInUse(port.protocol, port.hostAddress, port.hostPort, `${first.targetPort}/${first.protocol} of the same container`);
  }
}

function comesAlong(a: PublishedPort, b: PublishedPort): boolean {
  const both = [a.hostAddress, b.hostAddress];
  return a.targetPort === b.targetPort && a.targetAddress === b.targetAddress && both.includes('0.0.0.0') && both.includes('::');
}
