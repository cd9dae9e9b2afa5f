import { parseIp } from './ip.ts';

/** What its writer should know of an address that is not written as its one canonical form is. */
export function addressWarnings(field: string, text = ''): string[] {
  const address = parseIp(text);
  if (address === undefined || address.canonical === text) return [];
  const quoted = JSON.stringify(address.canonical);
  return address.flaw === undefined
    ? [`${field}: IPv6 address ${JSON.stringify(text)} should be in RFC 5952 canonical format (${quoted})`]
    : [`${field}: non-standard IP address ${JSON.stringify(text)} will be considered invalid in a future Kubernetes release: use ${quoted}`];
}
