import type { V1PodSchedulingGate, V1PodSchedulingGroup, V1TopologySpreadConstraint } from '../../generated/types.ts';
import { checkChoice } from '../choices.ts';
import type { FieldErrors } from '../field-errors.ts';
import { checkLabelSelector } from '../selector-rules.ts';
import { checkText, dnsSubdomain, qualifiedName } from '../text-formats.ts';
import { checkLabelKeys } from './affinity.ts';

/** How evenly Pods lie. */
export function checkSpread(errors: FieldErrors, path: string, constraints: readonly V1TopologySpreadConstraint[] = []): void {
  for (const [index, constraint] of constraints.entries()) {
    const here = `${path}[${index}]`;
    const { maxSkew = 0, topologyKey = '', whenUnsatisfiable = '', minDomains, labelSelector } = constraint;
    if (maxSkew <= 0) errors.invalid(`${here}.maxSkew`, maxSkew, 'must be greater than zero');
    if (topologyKey === '') errors.required(`${here}.topologyKey`, 'can not be empty');
    if (whenUnsatisfiable !== 'DoNotSchedule' && whenUnsatisfiable !== 'ScheduleAnyway')
      errors.notSupported(`${here}.whenUnsatisfiable`, whenUnsatisfiable, ['DoNotSchedule', 'ScheduleAnyway']);
    const isSaidAgain = constraints.slice(index + 1).some((other) => other.topologyKey === topologyKey && other.whenUnsatisfiable === whenUnsatisfiable);
    if (isSaidAgain) errors.duplicate(`${here}.{topologyKey, whenUnsatisfiable}`, `{${topologyKey}, ${whenUnsatisfiable}}`);
    if (minDomains !== undefined && minDomains <= 0) errors.invalid(`${here}.minDomains`, minDomains, 'must be greater than zero');
    if (minDomains !== undefined && whenUnsatisfiable !== 'DoNotSchedule')
      errors.invalid(`${here}.minDomains`, minDomains, `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${whenUnsatisfiable}`);
    for (const policy of ['nodeAffinityPolicy', 'nodeTaintsPolicy'] as const)
      checkChoice(errors, `${here}.${policy}`, constraint[policy], ['Honor', 'Ignore'], false);
    checkLabelKeys(errors, here, labelSelector, constraint.matchLabelKeys);
    checkLabelSelector(errors, `${here}.labelSelector`, labelSelector);
  }
}

/** What keeps a Pod from being looked at by the scheduler. */
export function checkSchedulingGates(errors: FieldErrors, path: string, gates: readonly V1PodSchedulingGate[] = []): void {
  const names = new Set<string>();
  for (const [index, { name = '' }] of gates.entries()) {
    checkText(errors, `${path}[${index}]`, name, qualifiedName);
    if (names.has(name)) errors.duplicate(`${path}[${index}]`, name);
    names.add(name);
  }
}

/** Pods that are placed together or not at all. */
export function checkSchedulingGroup(errors: FieldErrors, path: string, group: V1PodSchedulingGroup | undefined): void {
  if (group === undefined) return;
  if (group.podGroupName === undefined) errors.invalid(`${path}.podGroupName`, null, 'must specify one of: `podGroupName`');
  else checkText(errors, `${path}.podGroupName`, group.podGroupName, dnsSubdomain);
}
