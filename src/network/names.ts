import { createHash } from 'node:crypto';
import { linkNameInvalid, namespaceIdInvalid } from './errors.ts';
import { addressValue } from './ip.ts';
import type { IpAddress } from './types.ts';

/** Twelve hexadecimal characters that stand for the words. */
export function digest(...words: readonly (string | number)[]): string {
  return createHash('sha256').update(JSON.stringify(words)).digest('hex').slice(0, 12);
}

/** The name of the host's end of an attachment: at most 15 characters, the same every time. */
export function vethName(daemonId: string, namespace: string, interfaceName: string): string {
  return `gv${digest(daemonId, namespace, interfaceName)}`;
}

/** A locally administered MAC address made of an address (the last bits of an IPv6 one), so that neighbours' caches stay true when an address is used again. */
export function macOf(address: IpAddress): string {
  const hex = (addressValue(address) & 0xffff_ffffn).toString(16).padStart(8, '0');
  return `02:42:${hex.match(/../g)?.join(':')}`;
}

/** Errors: `LINK_NAME_INVALID`. */
export function checkLinkName(name: string): void {
  if (!/^[A-Za-z0-9_.-]{1,15}$/.test(name) || name === '.' || name === '..') throw linkNameInvalid(name);
}

/** Errors: `NAMESPACE_ID_INVALID`. */
export function checkNamespaceId(id: string): void {
  if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/.test(id)) throw namespaceIdInvalid(id);
}
