import type { V1ServiceSpec } from '../../generated/types.ts';
import type { FieldErrors } from '../../validation/field-errors.ts';
import { checkIp, parseIp } from '../../validation/ip.ts';
import { isHeadless } from './service-parts.ts';

const FAMILIES = ['IPv4', 'IPv6'];
const POLICIES = ['PreferDualStack', 'RequireDualStack', 'SingleStack'];
const PATH = 'spec.clusterIPs';

/** Addresses and their families, by themselves. */
export function checkServiceAddresses(errors: FieldErrors, spec: V1ServiceSpec, old?: V1ServiceSpec): void {
  if (spec.type === 'ExternalName') return;
  const { clusterIP, clusterIPs = [], ipFamilies = [], ipFamilyPolicy } = spec;
  if (clusterIP) {
    if (clusterIPs.length === 0) errors.required(PATH);
    else if (clusterIPs[0] !== clusterIP) errors.invalid(PATH, clusterIPs, 'first value must match `clusterIP`');
  } else if (clusterIPs.length > 0) errors.invalid(PATH, clusterIPs, 'must be empty when `clusterIP` is not specified');
  for (const [index, family] of ipFamilies.entries()) {
    if (!FAMILIES.includes(family)) errors.notSupported(`spec.ipFamilies[${index}]`, family, FAMILIES);
    if (ipFamilies.indexOf(family) < index) errors.duplicate(`spec.ipFamilies[${index}]`, family);
  }
  if (ipFamilyPolicy !== undefined && !POLICIES.includes(ipFamilyPolicy)) errors.notSupported('spec.ipFamilyPolicy', ipFamilyPolicy, POLICIES);
  if (checkEach(errors, clusterIPs, old?.clusterIPs ?? [])) checkTogether(errors, clusterIPs, ipFamilies, isHeadless(spec));
}

/** Answers whether each is an address. */
function checkEach(errors: FieldErrors, addresses: readonly string[], kept: readonly string[]): boolean {
  let fine = true;
  for (const [index, address] of addresses.entries()) {
    if (index > 0 || address !== 'None') fine = checkIp(errors, `${PATH}[${index}]`, address, kept) && fine;
    else if (addresses.length > 1) {
      errors.invalid(PATH, addresses, "'None' must be the first and only value");
      fine = false;
    }
  }
  if (addresses.length > 2) errors.invalid(PATH, addresses, 'may only hold up to 2 values');
  return fine;
}

function checkTogether(errors: FieldErrors, addresses: readonly string[], families: readonly string[], headless: boolean): void {
  const known = addresses.map((address) => parseIp(address)?.family);
  if (addresses.length > 1 && !(known.includes('IPv4') && known.includes('IPv6')))
    errors.invalid(PATH, addresses, 'may specify no more than one IP for each IP family');
  if (headless) return;
  for (const [index, family] of families.entries()) {
    const address = addresses[index];
    if (address !== undefined && FAMILIES.includes(family) && known[index] !== family)
      errors.invalid(`${PATH}[${index}]`, address, `expected an ${family} value as indicated by \`ipFamilies[${index}]\``);
  }
}

/** Of an update: the first address stays, the second may come and go with the policy. */
export function checkAddressesKept(errors: FieldErrors, spec: V1ServiceSpec, old: V1ServiceSpec): void {
  if (spec.type === 'ExternalName' || old.type === 'ExternalName' || (isHeadless(spec) && isHeadless(old))) return;
  const [now, before] = [spec.clusterIPs ?? [], old.clusterIPs ?? []];
  const changed = (index: number) => errors.invalid(`${PATH}[${index}]`, now, 'may not change once set');
  if (now.length === before.length) {
    for (const [index, address] of before.entries()) if (address !== now[index]) changed(index);
    return;
  }
  if (now.length === 0) errors.invalid(`${PATH}[0]`, now, 'primary clusterIP can not be unset');
  else if (before.length > 0 && now[0] !== before[0]) changed(0);
  if (now.length < before.length && now.length === 1) checkReleased(errors, spec, 'clusterIP');
}

export function checkFamiliesKept(errors: FieldErrors, spec: V1ServiceSpec, old: V1ServiceSpec): void {
  if (spec.type === 'ExternalName' || old.type === 'ExternalName' || isHeadless(spec) || isHeadless(old)) return;
  const [now, before] = [spec.ipFamilies ?? [], old.ipFamilies ?? []];
  const path = 'spec.ipFamilies[0]';
  if (now.length === before.length) {
    for (const [index, family] of before.entries()) if (family !== now[index]) errors.invalid(path, now, 'may not change once set');
    return;
  }
  if (now.length < before.length && (spec.clusterIPs ?? []).length === 0) errors.invalid(path, now, 'primary ipFamily can not be unset');
  if (before.length > 0 && now.length > 0 && now[0] !== before[0]) errors.invalid(path, spec.clusterIPs ?? [], 'may not change once set');
  if (now.length < before.length && now.length === 1) checkReleased(errors, spec, 'ipFamily');
}

function checkReleased(errors: FieldErrors, { ipFamilyPolicy }: V1ServiceSpec, what: string): void {
  if (ipFamilyPolicy !== 'SingleStack')
    errors.invalid('spec.ipFamilyPolicy', ipFamilyPolicy ?? null, `must be set to 'SingleStack' when releasing the secondary ${what}`);
}
