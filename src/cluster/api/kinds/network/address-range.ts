import { isDeepStrictEqual } from 'node:util';
import type { V1IPAddress, V1ParentReference, V1ServiceCIDR } from '../../generated/types.ts';
import { ageColumn, type Column, column, nameColumn } from '../../table/column.ts';
import type { FieldErrors } from '../../validation/field-errors.ts';
import { canonicalIpProblem, checkCanonicalRange, parseRange } from '../../validation/ip.ts';
import { checkText, dnsSubdomain, pathSegment } from '../../validation/text-formats.ts';
import { strategy } from '../strategy.ts';

const IMMUTABLE = 'field is immutable';

function checkAddress(errors: FieldErrors, { spec }: V1IPAddress, old?: V1IPAddress): void {
  const parent = spec?.parentRef;
  if (old !== undefined) {
    if (!isDeepStrictEqual(parent, old.spec?.parentRef)) errors.invalid('spec.parentRef', parent ?? null, IMMUTABLE);
  } else if (parent === undefined) errors.required('spec.parentRef');
  else checkParent(errors, 'spec.parentRef', parent);
}

function checkParent(errors: FieldErrors, path: string, { group, resource, name, namespace }: V1ParentReference): void {
  if (group) checkText(errors, `${path}.group`, group, dnsSubdomain);
  if (!resource) errors.required(`${path}.resource`);
  else checkText(errors, `${path}.resource`, resource, pathSegment);
  if (!name) errors.required(`${path}.name`);
  else checkText(errors, `${path}.name`, name, pathSegment);
  if (namespace) checkText(errors, `${path}.namespace`, namespace, pathSegment);
}

function checkServiceRange(errors: FieldErrors, { spec }: V1ServiceCIDR, old?: V1ServiceCIDR): void {
  const now = spec?.cidrs ?? [];
  if (old === undefined) return checkRanges(errors, now);
  const before = old.spec?.cidrs ?? [];
  if (before.length === now.length) {
    for (const [index, range] of before.entries()) if (range !== now[index]) errors.invalid(`spec.cidrs[${index}]`, now[index], IMMUTABLE);
  } else if (before.length === 1 && now.length === 2) {
    if (now[0] !== before[0]) errors.invalid('spec.cidrs[0]', now[0], IMMUTABLE);
    checkRanges(errors, now);
  } else errors.invalid('spec.cidrs', now, IMMUTABLE);
}

function checkRanges(errors: FieldErrors, ranges: readonly string[]): void {
  const field = 'spec.cidrs';
  if (ranges.length === 0) return errors.required(field, 'at least one CIDR required');
  if (ranges.length > 2) return errors.invalid(field, { CIDRs: ranges }, 'may only hold up to 2 values');
  for (const [index, range] of ranges.entries()) checkCanonicalRange(errors, `${field}[${index}]`, range);
  const [first, second] = ranges.map((range) => parseRange(range)?.family);
  if (first !== undefined && first === second)
    errors.invalid(field, ranges, 'may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64');
}

function parentText({ spec }: V1IPAddress): string {
  if (spec?.parentRef === undefined) return '<none>';
  const { group, resource, namespace, name } = spec.parentRef;
  const kind = (group ? `${resource}.${group}` : resource).toLowerCase();
  return [kind, ...(namespace ? [namespace] : []), name].join('/');
}

const addressColumns: readonly Column[] = [nameColumn, column<V1IPAddress>('ParentRef', parentText)];
const rangeColumns: readonly Column[] = [nameColumn, column<V1ServiceCIDR>('CIDRs', ({ spec }) => (spec?.cidrs ?? []).join(',')), ageColumn];

/** An address that is given to something; its name is the address. */
export const IP_ADDRESS = strategy<V1IPAddress>({
  validateName: (errors, field, name) => {
    const problem = canonicalIpProblem(name);
    if (problem !== undefined) errors.invalid(field, name, problem);
  },
  validate: checkAddress,
  columns: addressColumns,
});

/** Where Services' addresses come from; it gives them from the moment at which it is stored. */
export const SERVICE_CIDR = strategy<V1ServiceCIDR>({
  prepareCreate: (range) => {
    const message = 'Kubernetes Service CIDR is ready';
    const lastTransitionTime = range.metadata.creationTimestamp ?? '';
    range.status = { conditions: [{ type: 'Ready', status: 'True', reason: '', message, lastTransitionTime }] };
  },
  validate: checkServiceRange,
  columns: rangeColumns,
});
