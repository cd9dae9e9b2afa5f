import { addressBytes, AF_INET } from './addresses.ts';

/** Messages of rtnetlink(7), as bytes. Pure. */

export const MESSAGE = { newLink: 16, deleteLink: 17, newAddress: 20, newRoute: 24, error: 2 } as const;
export const FLAG = { request: 0x1, ack: 0x4, replace: 0x100, exclusive: 0x200, create: 0x400 } as const;
const LINK = { address: 1, name: 3, mtu: 4, master: 10, info: 18, alias: 20, familySpec: 26, namespaceFd: 28 } as const;
const INFO = { kind: 1, data: 2, slaveKind: 4, slaveData: 5 } as const;
const VETH_PEER = 1;
const [BRIDGE_PORT_HAIRPIN, BRIDGE_PORT_ISOLATED] = [4, 33];
const [ADDRESS_FLAGS, NO_DUPLICATE_DETECTION] = [8, 0x02];
const INET6_ADDRESS_MODE = 8;
const AF_INET6 = 10;
const IFF_UP = 1;

export interface LinkFields {
  readonly name: string;
  readonly macAddress?: string;
  readonly mtu?: number;
  readonly masterIndex?: number;
  /** A descriptor of the namespace that the link shall stand in. */
  readonly namespaceFd?: number;
}

/** `ip link add … type veth peer …`, both ends down: what only an existing link takes comes next. */
export function newVeth(host: LinkFields, peer: LinkFields): Buffer {
  const data = attribute(VETH_PEER, Buffer.concat([linkHeader(false), linkAttributes(peer)]));
  return linkMessage(FLAG.create | FLAG.exclusive, [linkHeader(false), linkAttributes(host), kind('veth', data)]);
}

/** `ip link add … type bridge`, down. */
export function newBridge(link: LinkFields): Buffer {
  return linkMessage(FLAG.create | FLAG.exclusive, [linkHeader(false), linkAttributes(link), kind('bridge')]);
}

export interface LinkSettings {
  readonly alias?: string;
  /** IPv6 gives it no address of its own making (a kernel without IPv6 refuses this). */
  readonly noLinkLocal?: boolean;
  /** Frames may leave by the bridge's port they came from. */
  readonly hairpin?: boolean;
  /** The bridge passes no frames between ports that are isolated. */
  readonly isolated?: boolean;
}

/** `ip link set … up`, with the settings. */
export function raiseLink(name: string, settings: LinkSettings = {}): Buffer {
  const parts = [linkHeader(true), attribute(LINK.name, text(name))];
  if (settings.alias !== undefined) parts.push(attribute(LINK.alias, Buffer.from(settings.alias)));
  if (settings.noLinkLocal) parts.push(noLinkLocal());
  if (settings.hairpin) {
    const isolated = settings.isolated ? [attribute(BRIDGE_PORT_ISOLATED, Buffer.from([1]))] : [];
    const data = attribute(INFO.slaveData, Buffer.concat([attribute(BRIDGE_PORT_HAIRPIN, Buffer.from([1])), ...isolated]));
    parts.push(attribute(LINK.info, Buffer.concat([attribute(INFO.slaveKind, text('bridge')), data])));
  }
  return linkMessage(0, parts);
}

/** `ip link del`. */
export function deleteLink(name: string): Buffer {
  return message(MESSAGE.deleteLink, 0, [linkHeader(false), attribute(LINK.name, text(name))]);
}

/** `ip addr add ADDRESS/LENGTH dev INDEX`. */
export function newAddress(index: number, address: string, prefixLength: number): Buffer {
  const bytes = addressBytes(address);
  const header = Buffer.alloc(8);
  header.writeUInt8(bytes.length === 4 ? AF_INET : AF_INET6, 0);
  header.writeUInt8(prefixLength, 1);
  header.writeUInt32LE(index, 4);
  const broadcast = Buffer.from(bytes.map((byte, at) => byte | (0xff >> Math.min(8, Math.max(0, prefixLength - at * 8)))));
  const attributes = [attribute(2, bytes), attribute(1, bytes)];
  if (bytes.length === 4 && prefixLength < 31) attributes.push(attribute(4, broadcast));
  // Addresses are given once by whoever asks: to be used at once, also on a bridge that nothing is plugged into yet.
  if (bytes.length === 16) attributes.push(attribute(ADDRESS_FLAGS, uint32(NO_DUPLICATE_DETECTION)));
  return message(MESSAGE.newAddress, FLAG.create | FLAG.exclusive, [header, ...attributes]);
}

/** `ip route add default via GATEWAY`. */
export function newDefaultRoute(gateway: string): Buffer {
  const bytes = addressBytes(gateway);
  const [mainTable, byStaticSetup, unicast] = [254, 4, 1];
  const header = Buffer.from([bytes.length === 4 ? AF_INET : AF_INET6, 0, 0, 0, mainTable, byStaticSetup, 0, unicast, 0, 0, 0, 0]);
  return message(MESSAGE.newRoute, FLAG.create | FLAG.exclusive, [header, attribute(5, bytes)]);
}

/** One acknowledgement: `errno` 0 is success; `problem` is the kernel's own words where it has some. */
export interface Acknowledgement {
  readonly sequence: number;
  readonly errno: number;
  readonly problem?: string;
}

/** Numbers the messages from 1 so that each acknowledgement finds its own. */
export function sequenced(messages: readonly Buffer[]): Buffer {
  messages.forEach((each, index) => each.writeUInt32LE(index + 1, 8));
  return Buffer.concat(messages);
}

/** Reads the acknowledgements of one datagram. */
export function parseAcknowledgements(datagram: Buffer): Acknowledgement[] {
  const found: Acknowledgement[] = [];
  for (let at = 0; at + 16 <= datagram.length; ) {
    const length = datagram.readUInt32LE(at);
    if (length < 16) break;
    if (datagram.readUInt16LE(at + 4) === MESSAGE.error) {
      const problem = kernelWords(datagram.subarray(at, at + length));
      found.push({ sequence: datagram.readUInt32LE(at + 8), errno: -datagram.readInt32LE(at + 16), ...(problem === undefined ? {} : { problem }) });
    }
    at += (length + 3) & ~3;
  }
  return found;
}

function kernelWords(bytes: Buffer): string | undefined {
  const [hasTexts, capped] = [0x200, 0x100];
  const flags = bytes.readUInt16LE(6);
  if ((flags & hasTexts) === 0) return undefined;
  const original = (flags & capped) !== 0 ? 16 : (bytes.readUInt32LE(20) + 3) & ~3;
  for (let at = 20 + original; at + 4 <= bytes.length; at += (bytes.readUInt16LE(at) + 3) & ~3) {
    if (bytes.readUInt16LE(at) < 4) return undefined;
    if (bytes.readUInt16LE(at + 2) === 1) return bytes.toString('utf8', at + 4, at + bytes.readUInt16LE(at) - 1);
  }
  return undefined;
}

function message(type: number, flags: number, parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  const header = Buffer.alloc(16);
  header.writeUInt32LE(16 + body.length, 0);
  header.writeUInt16LE(type, 4);
  header.writeUInt16LE(FLAG.request | FLAG.ack | flags, 6);
  return Buffer.concat([header, body]);
}

function linkMessage(flags: number, parts: readonly Buffer[]): Buffer {
  return message(MESSAGE.newLink, flags, parts);
}

function linkHeader(up: boolean): Buffer {
  const header = Buffer.alloc(16);
  header.writeUInt32LE(up ? IFF_UP : 0, 8);
  header.writeUInt32LE(up ? IFF_UP : 0, 12);
  return header;
}

function linkAttributes(link: LinkFields): Buffer {
  const parts = [attribute(LINK.name, text(link.name))];
  if (link.macAddress !== undefined) parts.push(attribute(LINK.address, Buffer.from(link.macAddress.replaceAll(':', ''), 'hex')));
  if (link.mtu !== undefined) parts.push(attribute(LINK.mtu, uint32(link.mtu)));
  if (link.masterIndex !== undefined) parts.push(attribute(LINK.master, uint32(link.masterIndex)));
  if (link.namespaceFd !== undefined) parts.push(attribute(LINK.namespaceFd, uint32(link.namespaceFd)));
  return Buffer.concat(parts);
}

function kind(name: string, data?: Buffer): Buffer {
  return attribute(LINK.info, Buffer.concat([attribute(INFO.kind, text(name)), ...(data ? [attribute(INFO.data, data)] : [])]));
}

function noLinkLocal(): Buffer {
  const none = 1;
  return attribute(LINK.familySpec, attribute(AF_INET6, attribute(INET6_ADDRESS_MODE, Buffer.from([none]))));
}

/** One attribute, filled up to four bytes. */
export function attribute(type: number, value: Buffer): Buffer {
  const result = Buffer.alloc((4 + value.length + 3) & ~3);
  result.writeUInt16LE(4 + value.length, 0);
  result.writeUInt16LE(type, 2);
  value.copy(result, 4);
  return result;
}

const text = (value: string) => Buffer.from(`${value}\0`);

/** A number as the machine has it. */
export function uint32(value: number): Buffer {
  const result = Buffer.alloc(4);
  result.writeUInt32LE(value);
  return result;
}
