import { isIP } from 'node:net';
import { addressToNumber } from './cidr.ts';
import { addressInvalid, portInvalid, protocolUnsupported } from './errors.ts';
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
  addressToNumber(port.targetAddress);
}

/** Whether two entries are the same port of the host. */
export function samePort(a: PublishedPort, b: PublishedPort): boolean {
  return a.protocol === b.protocol && a.hostAddress === b.hostAddress && a.hostPort === b.hostPort;
}
