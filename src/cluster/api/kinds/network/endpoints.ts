import { isDeepStrictEqual } from 'node:util';
import type { CoreV1EndpointPort, V1EndpointAddress, V1Endpoints } from '../../generated/types.ts';
import { ageColumn, type Column, column, nameColumn } from '../../table/column.ts';
import type { KubeObject } from '../../types.ts';
import { FieldErrors } from '../../validation/field-errors.ts';
import { checkEndpointIp, checkIp } from '../../validation/ip.ts';
import { checkPort } from '../../validation/numbers.ts';
import { checkText, dnsLabel, dnsSubdomain, qualifiedName } from '../../validation/text-formats.ts';
import { strategy } from '../strategy.ts';

export const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];
const SHOWN = 3;

/** A server that listens for its own machine alone says so in what stands for it. */
export const isOfServer = ({ metadata }: KubeObject) => metadata.namespace === 'default' && metadata.name === 'kubernetes';

function validate(errors: FieldErrors, endpoints: V1Endpoints, old?: V1Endpoints): void {
  const { subsets = [] } = endpoints;
  // What older rules let in may stay as it is.
  const found = isOfServer(endpoints) || (old !== undefined && isDeepStrictEqual(subsets, old.subsets ?? [])) ? new FieldErrors() : errors;
  for (const [index, { addresses = [], notReadyAddresses = [], ports = [] }] of subsets.entries()) {
    const path = `subsets[${index}]`;
    if (addresses.length + notReadyAddresses.length === 0) found.required(path, 'must specify `addresses` or `notReadyAddresses`');
    for (const [at, address] of addresses.entries()) checkAddress(found, `${path}.addresses[${at}]`, address);
    for (const [at, address] of notReadyAddresses.entries()) checkAddress(found, `${path}.notReadyAddresses[${at}]`, address);
    for (const [at, port] of ports.entries()) checkEndpointPort(found, `${path}.ports[${at}]`, port, ports.length > 1);
  }
}

function checkAddress(errors: FieldErrors, path: string, { ip = '', hostname, nodeName }: V1EndpointAddress): void {
  checkIp(errors, `${path}.ip`, ip);
  if (hostname) checkText(errors, `${path}.hostname`, hostname, dnsLabel);
  if (nodeName !== undefined) checkText(errors, `${path}.nodeName`, nodeName, dnsSubdomain);
  checkEndpointIp(errors, `${path}.ip`, ip);
}

function checkEndpointPort(errors: FieldErrors, path: string, { name, port, protocol, appProtocol }: CoreV1EndpointPort, named: boolean): void {
  if (name) checkText(errors, `${path}.name`, name, dnsLabel);
  else if (named) errors.required(`${path}.name`);
  checkPort(errors, `${path}.port`, port ?? 0);
  if (!protocol) errors.required(`${path}.protocol`);
  else if (!PROTOCOLS.includes(protocol)) errors.notSupported(`${path}.protocol`, protocol, PROTOCOLS);
  if (appProtocol !== undefined) checkText(errors, `${path}.appProtocol`, appProtocol, qualifiedName);
}

/** The first few, and how many more there are. */
export function shortList(items: readonly string[], empty = '<unset>'): string {
  if (items.length === 0) return empty;
  const shown = items.slice(0, SHOWN).join(',');
  return items.length > SHOWN ? `${shown} + ${items.length - SHOWN} more...` : shown;
}

function endpointsText({ subsets = [] }: V1Endpoints): string {
  const host = (ip: string) => (ip.includes(':') ? `[${ip}]` : ip);
  const all = subsets.flatMap(({ addresses = [], ports = [] }) =>
    ports.length === 0 ? addresses.map(({ ip }) => ip) : ports.flatMap(({ port }) => addresses.map(({ ip }) => `${host(ip)}:${port}`)),
  );
  return shortList(all, subsets.length === 0 ? '<none>' : '');
}

const columns: readonly Column[] = [nameColumn, column<V1Endpoints>('Endpoints', endpointsText), ageColumn];

export const ENDPOINTS = strategy<V1Endpoints>({
  setDefaults: ({ subsets }) => {
    for (const { ports } of subsets ?? []) for (const port of ports ?? []) port.protocol ||= 'TCP';
  },
  validate,
  columns,
});
