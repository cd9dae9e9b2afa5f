import { isDeepStrictEqual } from 'node:util';
import type { DiscoveryV1EndpointPort, V1Endpoint, V1EndpointHints, V1EndpointSlice } from '../../generated/types.ts';
import { ageColumn, type Column, column, nameColumn } from '../../table/column.ts';
import { FieldErrors } from '../../validation/field-errors.ts';
import { canonicalIpProblem, checkEndpointIp, checkIp, parseIp } from '../../validation/ip.ts';
import { checkDomain, checkText, dnsLabel, dnsSubdomain, labelValue, qualifiedName } from '../../validation/text-formats.ts';
import { strategy } from '../strategy.ts';
import { isOfServer, PROTOCOLS, shortList } from './endpoints.ts';

const TYPES = ['FQDN', 'IPv4', 'IPv6'];
const ADDRESSES_MAX = 100;
const PORTS_MAX = 20_000;
const ENDPOINTS_MAX = 1_000;
const HINTS_MAX = 8;

function validate(errors: FieldErrors, slice: V1EndpointSlice, old?: V1EndpointSlice): void {
  const { addressType = '', ports = [], endpoints = [] } = slice;
  if (addressType === '') errors.required('addressType');
  else if (!TYPES.includes(addressType)) errors.notSupported('addressType', addressType, TYPES);
  checkPorts(errors, ports);
  // What older rules let in may stay as it is.
  const found = isOfServer(slice) || (old !== undefined && isDeepStrictEqual(endpoints, old.endpoints ?? [])) ? new FieldErrors() : errors;
  if (endpoints.length > ENDPOINTS_MAX) found.tooMany('endpoints', endpoints.length, ENDPOINTS_MAX);
  else for (const [index, endpoint] of endpoints.entries()) checkEndpoint(found, `endpoints[${index}]`, endpoint, addressType);
  if (old !== undefined && old.addressType !== addressType) errors.invalid('addressType', addressType, 'field is immutable');
}

function checkEndpoint(errors: FieldErrors, path: string, { addresses = [], nodeName, hostname, hints }: V1Endpoint, type: string): void {
  const field = `${path}.addresses`;
  if (addresses.length === 0) errors.required(field, 'must contain at least 1 address');
  else if (addresses.length > ADDRESSES_MAX) errors.tooMany(field, addresses.length, ADDRESSES_MAX);
  for (const [index, address] of addresses.entries()) checkAddress(errors, field, index, address, type);
  if (nodeName !== undefined) checkText(errors, `${path}.nodeName`, nodeName, dnsSubdomain);
  if (hostname !== undefined) checkText(errors, `${path}.hostname`, hostname, dnsLabel);
  if (hints !== undefined) checkHints(errors, `${path}.hints`, hints);
}

function checkAddress(errors: FieldErrors, path: string, index: number, address: string, type: string): void {
  const field = `${path}[${index}]`;
  if (type === 'FQDN') return checkDomain(errors, field, address, 2);
  if (type === 'IPv6') {
    const problem = canonicalIpProblem(address);
    if (problem !== undefined) return errors.invalid(field, address, problem);
  } else if (type !== 'IPv4' || !checkIp(errors, field, address)) return;
  if (parseIp(address)?.family !== type) errors.invalid(path, address, `must be an ${type} address`);
  checkEndpointIp(errors, field, address);
}

function checkHints(errors: FieldErrors, path: string, { forZones = [], forNodes = [] }: V1EndpointHints): void {
  if (forZones.length > HINTS_MAX) return errors.tooMany(`${path}.forZones`, forZones.length, HINTS_MAX);
  for (const [field, names, format] of [
    [`${path}.forZones`, forZones.map(({ name }) => name), labelValue],
    [`${path}.forNodes`, forNodes.map(({ name }) => name), dnsSubdomain],
  ] as const) {
    if (names.length > HINTS_MAX) return errors.tooMany(field, names.length, HINTS_MAX);
    for (const [index, name = ''] of names.entries()) {
      if (names.indexOf(name) < index) errors.duplicate(`${field}[${index}].name`, name);
      checkText(errors, `${field}[${index}].name`, name, format);
    }
  }
}

function checkPorts(errors: FieldErrors, ports: readonly DiscoveryV1EndpointPort[]): void {
  if (ports.length > PORTS_MAX) return errors.tooMany('ports', ports.length, PORTS_MAX);
  const names = new Set<string>();
  for (const [index, { name = '', protocol, appProtocol }] of ports.entries()) {
    const path = `ports[${index}]`;
    if (name !== '') checkText(errors, `${path}.name`, name, dnsLabel);
    if (names.has(name)) errors.duplicate(`${path}.name`, name);
    names.add(name);
    if (protocol === undefined) errors.required(`${path}.protocol`);
    else if (!PROTOCOLS.includes(protocol)) errors.notSupported(`${path}.protocol`, protocol, PROTOCOLS);
    if (appProtocol !== undefined) checkText(errors, `${path}.appProtocol`, appProtocol, qualifiedName);
  }
}

/** The first version of the API no longer takes the field in which beta versions had topology. */
function dropTopology(slice: V1EndpointSlice): void {
  if (slice.endpoints?.some(({ deprecatedTopology }) => deprecatedTopology !== undefined))
    slice.endpoints = slice.endpoints.map(({ deprecatedTopology: _, ...endpoint }) => endpoint);
}

function isOtherContent({ metadata: { labels }, ...content }: V1EndpointSlice, { metadata: before, ...old }: V1EndpointSlice): boolean {
  return !isDeepStrictEqual(content, old) || !isDeepStrictEqual(labels ?? {}, before.labels ?? {});
}

const columns: readonly Column[] = [
  nameColumn,
  column<V1EndpointSlice>('AddressType', ({ addressType }) => addressType),
  column<V1EndpointSlice>('Ports', ({ ports }) => shortList((ports ?? []).map(({ port, name }) => String(port ?? name ?? '*')))),
  column<V1EndpointSlice>('Endpoints', ({ endpoints }) => shortList((endpoints ?? []).flatMap(({ addresses }) => addresses))),
  ageColumn,
];

export const ENDPOINT_SLICE = strategy<V1EndpointSlice>({
  setDefaults: ({ ports }) => {
    for (const port of ports ?? []) {
      port.name ??= '';
      port.protocol ??= 'TCP';
    }
  },
  prepareCreate: (slice) => {
    slice.metadata.generation = 1;
    dropTopology(slice);
  },
  prepareUpdate: (slice, old) => {
    if (isOtherContent(slice, old)) slice.metadata.generation = (old.metadata.generation ?? 0) + 1;
    if (!isDeepStrictEqual(slice.endpoints, old.endpoints)) dropTopology(slice);
  },
  validate,
  warnings: ({ addressType }) => (addressType === 'FQDN' ? ['spec.addressType: FQDN endpoints are deprecated'] : []),
  columns,
});
