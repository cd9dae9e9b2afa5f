import { isQuantity, parseQuantity } from '../../quantity.ts';
import type { FieldErrors } from '../field-errors.ts';
import { NEGATIVE_WORDS } from '../numbers.ts';
import { qualifiedName } from '../text-formats.ts';

const HUGE_PAGES = 'hugepages-';
const COMPUTE = ['cpu', 'memory', 'ephemeral-storage'];
const COUNTED = [
  'pods',
  'resourcequotas',
  'services',
  'replicationcontrollers',
  'secrets',
  'configmaps',
  'persistentvolumeclaims',
  'services.nodeports',
  'services.loadbalancers',
];
const QUOTA = new Set([...COMPUTE, ...COMPUTE.flatMap((name) => [`requests.${name}`, `limits.${name}`]), 'requests.storage', ...COUNTED]);
const STANDARD = new Set([...QUOTA, 'storage']);

export const isHugePages = (name: string): boolean => name.startsWith(HUGE_PAGES);
/** Kubernetes' own, not of a device. */
export const isNative = (name: string): boolean => !name.includes('/') || name.includes('kubernetes.io/');
/** Whether more may be promised of it than there is. */
export const canOvercommit = (name: string): boolean => isNative(name) && !isHugePages(name);
export const isQuotaName = (name: string): boolean => QUOTA.has(name) || isHugePages(name) || name.startsWith(`requests.${HUGE_PAGES}`);
const isContainerName = (name: string): boolean => COMPUTE.includes(name) || isHugePages(name);
const isExtended = (name: string): boolean => !isNative(name) && !name.startsWith('requests.') && qualifiedName(`requests.${name}`).length === 0;

/** The name of any resource. Answers whether it is one. */
export function checkResourceName(errors: FieldErrors, field: string, name: string): boolean {
  const wrong = qualifiedName(name);
  for (const why of wrong) errors.invalid(field, name, why);
  if (wrong.length > 0) return false;
  const isKnown = name.includes('/') || STANDARD.has(name) || isQuotaName(name);
  if (!isKnown) errors.invalid(field, name, 'must be a standard resource type or fully qualified');
  return isKnown;
}

/** The name of a resource that a container can ask for. */
export function checkContainerResourceName(errors: FieldErrors, field: string, name: string): void {
  checkResourceName(errors, field, name);
  if (!name.includes('/')) {
    if (!isContainerName(name)) errors.invalid(field, name, 'must be a standard resource for containers');
  } else if (!isNative(name) && !isExtended(name)) errors.invalid(field, name, "doesn't follow extended resource name standard");
}

/** An amount of a resource: never below nothing, and whole where it is counted. */
export function checkAmount(errors: FieldErrors, field: string, name: string, amount: string): void {
  if (!isQuantity(amount)) return errors.invalid(field, amount, "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'");
  const value = parseQuantity(amount);
  if (value < 0n) errors.invalid(field, amount, NEGATIVE_WORDS);
  if ((COUNTED.includes(name) || isExtended(name)) && value % 1000n !== 0n) errors.invalid(field, amount, 'must be an integer');
}

/** Pages come whole. */
export function checkPages(errors: FieldErrors, field: string, name: string, amount: string): void {
  const size = name.slice(HUGE_PAGES.length);
  if (!isQuantity(amount)) return;
  const isWhole = isQuantity(size) && parseQuantity(size) > 0n && parseQuantity(size) % 1000n === 0n && parseQuantity(amount) % parseQuantity(size) === 0n;
  if (!isWhole) errors.invalid(field, amount, `${amount} is not positive integer multiple of ${name}`);
}
