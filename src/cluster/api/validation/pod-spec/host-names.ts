import type { V1HostAlias, V1PodDNSConfig, V1PodSpec } from '../../generated/types.ts';
import { checkChoice } from '../choices.ts';
import type { FieldErrors } from '../field-errors.ts';
import { checkIp } from '../ip.ts';
import { checkLabelName } from '../names.ts';
import { checkText, dnsSubdomain } from '../text-formats.ts';
import { underscoredSubdomain } from './formats.ts';

const DNS_POLICIES = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'];
const SERVERS_MAX = 3;
const SEARCHES_MAX = 32;
const SEARCH_BYTES_MAX = 2048;
const HOST_NAME_BYTES_MAX = 64;

/** How a Pod is called, and how it finds what others are called. */
export function checkHostNames(errors: FieldErrors, path: string, spec: V1PodSpec): void {
  checkChoice(errors, `${path}.dnsPolicy`, spec.dnsPolicy, DNS_POLICIES, false);
  checkDns(errors, `${path}.dnsConfig`, spec.dnsConfig, spec.dnsPolicy);
  for (const field of ['hostname', 'subdomain'] as const) {
    const name = spec[field];
    if (name) checkLabelName(errors, `${path}.${field}`, name);
  }
  checkOverride(errors, `${path}.hostnameOverride`, spec);
  checkAliases(errors, `${path}.hostAliases`, spec.hostAliases);
}

function checkDns(errors: FieldErrors, path: string, config: V1PodDNSConfig | undefined, policy: string | undefined): void {
  const { nameservers = [], searches = [], options = [] } = config ?? {};
  if (policy === 'None') {
    if (config === undefined) return errors.required(path, 'must provide `dnsConfig` when `dnsPolicy` is None');
    if (nameservers.length === 0) return errors.required(`${path}.nameservers`, 'must provide at least one DNS nameserver when `dnsPolicy` is None');
  }
  if (nameservers.length > SERVERS_MAX) errors.invalid(`${path}.nameservers`, nameservers, `must not have more than ${SERVERS_MAX} nameservers`);
  for (const [index, server] of nameservers.entries()) checkIp(errors, `${path}.nameservers[${index}]`, server);
  if (searches.length > SEARCHES_MAX) errors.invalid(`${path}.searches`, searches, `must not have more than ${SEARCHES_MAX} search paths`);
  if (Buffer.byteLength(searches.join(' ')) > SEARCH_BYTES_MAX)
    errors.invalid(`${path}.searches`, searches, `must not have more than ${SEARCH_BYTES_MAX} characters (including spaces) in the search list`);
  for (const [index, search] of searches.entries())
    if (search !== '.') checkText(errors, `${path}.searches[${index}]`, search.replace(/\.$/, ''), underscoredSubdomain);
  for (const [index, { name }] of options.entries()) if (!name) errors.required(`${path}.options[${index}]`, 'must not be empty');
}

function checkOverride(errors: FieldErrors, field: string, { hostnameOverride, setHostnameAsFQDN, hostNetwork }: V1PodSpec): void {
  if (hostnameOverride === undefined) return;
  if (setHostnameAsFQDN) errors.forbidden(field, 'may not be specified when setHostnameAsFQDN is true');
  if (hostNetwork) errors.forbidden(field, 'may not be specified when hostNetwork is true');
  if (Buffer.byteLength(hostnameOverride) > HOST_NAME_BYTES_MAX) errors.tooLong(field, HOST_NAME_BYTES_MAX);
  checkText(errors, field, hostnameOverride, dnsSubdomain);
}

function checkAliases(errors: FieldErrors, path: string, aliases: readonly V1HostAlias[] = []): void {
  for (const [index, { ip, hostnames = [] }] of aliases.entries()) {
    checkIp(errors, `${path}[${index}].ip`, ip ?? '');
    for (const [at, name] of hostnames.entries()) checkText(errors, `${path}[${index}].hostnames[${at}]`, name, dnsSubdomain);
  }
}
