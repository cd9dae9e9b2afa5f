import type { CoreV1ResourceClaim, V1PodResourceClaim, V1PodSpec, V1ResourceRequirements } from '../../generated/types.ts';
import { formatQuantity, isQuantity, parseQuantity } from '../../quantity.ts';
import { podTotal } from '../../pod-resources.ts';
import type { FieldErrors } from '../field-errors.ts';
import { checkText, dnsLabel, dnsSubdomain } from '../text-formats.ts';
import { canOvercommit, checkAmount, checkContainerResourceName, checkPages, checkResourceName, isHugePages } from './resource-names.ts';

type NameRule = (errors: FieldErrors, field: string, name: string) => void;
type Amounts = Readonly<Record<string, string>>;

/** What a container asks for; `claims` are the Pod's. */
export function checkContainerResources(errors: FieldErrors, path: string, resources: V1ResourceRequirements, claims: ReadonlySet<string>): void {
  checkRequirements(errors, path, resources, checkContainerResourceName);
  checkClaimNames(errors, `${path}.claims`, resources.claims ?? [], claims);
}

function checkRequirements(errors: FieldErrors, path: string, { limits = {}, requests = {} }: V1ResourceRequirements, checkName: NameRule): void {
  for (const [list, amounts] of Object.entries({ limits, requests })) {
    for (const [name, amount] of Object.entries(amounts)) {
      const here = `${path}.${list}[${name}]`;
      checkName(errors, here, name);
      checkAmount(errors, here, name, amount);
      if (list === 'requests') checkAgainstLimit(errors, path, name, amount, limits);
      if (isHugePages(name)) checkPages(errors, here, name, amount);
    }
  }
  const names = [...Object.keys(limits), ...Object.keys(requests)];
  if (names.some(isHugePages) && !names.some((name) => name === 'cpu' || name === 'memory')) errors.forbidden(path, 'HugePages require cpu or memory');
}

function checkAgainstLimit(errors: FieldErrors, path: string, name: string, amount: string, limits: Amounts): void {
  const limit = limits[name];
  if (limit === undefined) {
    if (!canOvercommit(name)) errors.required(`${path}.limits`, 'Limit must be set for non overcommitable resources');
    return;
  }
  if (!isQuantity(limit) || !isQuantity(amount)) return;
  const [wanted, most] = [parseQuantity(amount), parseQuantity(limit)];
  if (wanted !== most && !canOvercommit(name)) errors.invalid(`${path}.requests`, amount, `must be equal to ${name} limit of ${limit}`);
  else if (wanted > most) errors.invalid(`${path}.requests`, amount, `must be less than or equal to ${name} limit of ${limit}`);
}

/** What a Pod's sandbox costs besides its containers. */
export function checkOverhead(errors: FieldErrors, path: string, overhead: Amounts): void {
  checkRequirements(errors, path, { limits: { ...overhead } }, checkContainerResourceName);
}

function checkClaimNames(errors: FieldErrors, path: string, uses: readonly CoreV1ResourceClaim[], claims: ReadonlySet<string>): void {
  const seen = new Set<string>();
  for (const [index, { name, request }] of uses.entries()) {
    const here = `${path}[${index}]`;
    if (!name) {
      errors.required(here);
      continue;
    }
    if (request) checkText(errors, `${here}.request`, request, dnsLabel);
    const key = request ? `${name}/${request}` : name;
    const isTaken = seen.has(name) || seen.has(key) || (!request && [...seen].some((other) => other.startsWith(`${name}/`)));
    if (isTaken) errors.duplicate(here, seen.has(name) ? name : key);
    seen.add(key);
    if (claims.has(name)) continue;
    const known = claims.size === 0 ? ' which is empty' : `: ${[...claims].sort().join(', ')}`;
    errors.notFound(here, name, `must be one of the names in pod.spec.resourceClaims${known}`);
  }
}

/** The claims of devices that a Pod makes. Answers their names. */
export function checkPodClaims(errors: FieldErrors, path: string, claims: readonly V1PodResourceClaim[] = []): ReadonlySet<string> {
  const names = new Set<string>();
  for (const [index, claim] of claims.entries()) {
    const here = `${path}[${index}]`;
    const { name, resourceClaimName, resourceClaimTemplateName } = claim;
    if (!name) errors.required(`${here}.name`);
    else if (names.has(name)) errors.duplicate(`${here}.name`, name);
    else checkText(errors, `${here}.name`, name, dnsLabel);
    if (name) names.add(name);
    const shown = { Name: name ?? '', ResourceClaimName: resourceClaimName ?? null, ResourceClaimTemplateName: resourceClaimTemplateName ?? null };
    if (resourceClaimName !== undefined && resourceClaimTemplateName !== undefined)
      errors.invalid(here, shown, 'at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified');
    if (resourceClaimName === undefined && resourceClaimTemplateName === undefined)
      errors.invalid(here, shown, 'must specify one of: `resourceClaimName`, `resourceClaimTemplateName`');
    if (resourceClaimName !== undefined) checkText(errors, `${here}.resourceClaimName`, resourceClaimName, dnsSubdomain);
    if (resourceClaimTemplateName !== undefined) checkText(errors, `${here}.resourceClaimTemplateName`, resourceClaimTemplateName, dnsSubdomain);
  }
  return names;
}

/** What a Pod asks for as a whole: at least what its containers do, and no limit of theirs above its own. */
export function checkPodResources(errors: FieldErrors, path: string, spec: V1PodSpec, claims: ReadonlySet<string>): void {
  const { resources, os } = spec;
  if (resources === undefined) return;
  if (os?.name === 'windows') return errors.forbidden(path, 'may not be set for a windows pod');
  if (resources.claims !== undefined) {
    errors.forbidden(`${path}.claims`, 'claims may not be set for Resources at pod-level');
    checkClaimNames(errors, `${path}.claims`, resources.claims, claims);
  }
  checkRequirements(errors, path, resources, (errors, field, name) => {
    if (checkResourceName(errors, field, name) && name !== 'cpu' && name !== 'memory' && !isHugePages(name))
      errors.notSupported(field, name, ['cpu', 'hugepages-', 'memory']);
  });
  checkTotals(errors, path, spec, 'requests', () => true);
  checkTotals(errors, path, spec, 'limits', isHugePages);
  for (const [index, container] of (spec.containers ?? []).entries()) {
    for (const [name, amount] of Object.entries(container.resources?.limits ?? {})) {
      const limit = resources.limits?.[name];
      if (limit !== undefined && isQuantity(limit) && isQuantity(amount) && parseQuantity(amount) > parseQuantity(limit))
        errors.invalid(`${path}.containers[${index}][${name}].limits`, amount, `must be less than or equal to pod limits of ${limit}`);
    }
  }
}

function checkTotals(errors: FieldErrors, path: string, spec: V1PodSpec, list: 'requests' | 'limits', applies: (name: string) => boolean): void {
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: {}, spec };
  for (const [name, total] of Object.entries(podTotal(pod, ({ resources }) => resources?.[list]))) {
    const stated = spec.resources?.[list]?.[name];
    if (stated === undefined || !applies(name) || !isQuantity(stated) || total <= parseQuantity(stated)) continue;
    errors.invalid(
      `${path}.${list}[${name}]`,
      stated,
      `must be greater than or equal to aggregate container ${list} of ${formatQuantity(total, { binary: name !== 'cpu' })}`,
    );
  }
}
