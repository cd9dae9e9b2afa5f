import type { V1Node, V1NodeStatus } from '../../generated/types.ts';
import type { FieldErrors } from '../../validation/field-errors.ts';
import { checkRange, parseRange } from '../../validation/ip.ts';
import { checkAmount } from '../../validation/pod-spec/resource-names.ts';
import { checkTaints } from '../../validation/pod-spec/tolerations.ts';
import { sameContent } from '../../validation/same.ts';

const FEATURE = /^[A-Z][a-zA-Z0-9]*(\/[a-zA-Z][a-zA-Z0-9]*)*$/;
const FEATURE_BYTES_MAX = 253;

export function validateNode(errors: FieldErrors, node: V1Node, old?: V1Node): void {
  const { spec = {}, status = {} } = node;
  // So Kubernetes calls the field.
  checkTaints(errors, 'metadata.taints', spec.taints);
  checkStatus(errors, status);
  checkRanges(errors, 'spec.podCIDRs', spec.podCIDRs ?? []);
  if (old !== undefined) checkUpdate(errors, node, old);
}

export function validateNodeStatus(errors: FieldErrors, node: V1Node, old: V1Node): void {
  checkStatus(errors, node.status ?? {});
  checkUpdate(errors, node, old);
}

function checkStatus(errors: FieldErrors, { capacity = {}, allocatable = {}, nodeInfo, declaredFeatures = [] }: V1NodeStatus): void {
  for (const [field, amounts] of Object.entries({ capacity, allocatable }))
    for (const [name, amount] of Object.entries(amounts)) checkAmount(errors, `status.${field}.${name}`, name, amount);
  const swap = nodeInfo?.swap?.capacity;
  if (swap !== undefined && swap <= 0) errors.invalid('metadata.nodeSwapStatus.capacity', swap, 'must be greater than zero');
  for (const [index, name] of declaredFeatures.entries()) {
    checkFeature(errors, `status.declaredFeatures[${index}]`, name);
    const previous = declaredFeatures[index - 1];
    if (previous === name) errors.duplicate(`status.declaredFeatures[${index}]`, name);
    else if (previous !== undefined && previous > name) errors.invalid(`status.declaredFeatures[${index}]`, name, 'list must be sorted alphabetically');
  }
}

function checkFeature(errors: FieldErrors, field: string, name: string): void {
  const head = `invalid feature name ${JSON.stringify(name)}: `;
  if (Buffer.byteLength(name) > FEATURE_BYTES_MAX) errors.invalid(field, name, `${head}must be no more than ${FEATURE_BYTES_MAX} characters`);
  else if (!FEATURE.test(name))
    errors.invalid(
      field,
      name,
      `${head}must start with an UpperCamelCase segment, with subsequent segments separated by '/' (e.g., MyFeature or MyFeature/mySubFeature), and contain only alphanumeric characters and slashes`,
    );
}

function checkRanges(errors: FieldErrors, path: string, ranges: readonly string[]): void {
  for (const [index, range] of ranges.entries()) checkRange(errors, `${path}[${index}]`, range);
  const families = new Set(ranges.map((range) => parseRange(range)?.family));
  if (ranges.length > 1 && (families.size !== 2 || ranges.length > 2)) errors.invalid(path, ranges, 'may specify no more than one CIDR for each IP family');
}

/** What is given to a node once stays its own. */
function checkUpdate(errors: FieldErrors, { spec = {}, status = {} }: V1Node, { spec: old = {} }: V1Node): void {
  const seen: unknown[] = [];
  for (const [index, address] of (status.addresses ?? []).entries()) {
    if (seen.some((other) => sameContent(other, address))) errors.duplicate(`status.addresses[${index}]`, address);
    seen.push(address);
  }
  const keeps = (field: string) => `node updates may not change ${field} except from "" to valid`;
  if (old.podCIDRs?.length && !sameContent(spec.podCIDRs, old.podCIDRs)) errors.forbidden('spec.podCIDRs', keeps('podCIDR'));
  if (old.providerID && spec.providerID !== old.providerID) errors.forbidden('spec.providerID', keeps('providerID'));
  if ((spec.externalID ?? '') !== (old.externalID ?? '')) errors.forbidden('spec.externalID', 'may not be updated');
}
