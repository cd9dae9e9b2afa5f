import { isDeepStrictEqual } from 'node:util';
import type { V1PersistentVolumeClaim, V1PersistentVolumeClaimSpec } from '../../generated/types.ts';
import type { FieldErrors } from '../../validation/field-errors.ts';
import { checkText, qualifiedName } from '../../validation/text-formats.ts';
import { amountOf, changedLines, plainAmounts } from './changes.ts';
import { CLASS_ANNOTATION } from './persistent-volume.ts';

const RESIZES = ['ControllerResizeInProgress', 'ControllerResizeInfeasible', 'NodeResizeInProgress', 'NodeResizeInfeasible', 'NodeResizePending'];
const SIZE = 'spec.resources.requests.storage';
const ATTRIBUTES = 'spec.volumeAttributesClassName';

/** A claim stays as it is but for its size and its attributes once it is bound, and for what is filled in later. */
export function checkClaimUpdate(errors: FieldErrors, claim: V1PersistentVolumeClaim, old: V1PersistentVolumeClaim): void {
  const [spec, before] = [claim.spec ?? {}, old.spec ?? {}];
  const compared = { ...spec, resources: amounts(spec) };
  const kept = { ...before, resources: amounts(before) };
  if (!kept.volumeName) assign(kept, 'volumeName', spec.volumeName);
  settleClass(errors, claim, old, compared);
  if (claim.status?.phase === 'Bound') {
    if (spec.resources?.requests !== undefined) compared.resources = { ...compared.resources, requests: kept.resources.requests };
    assign(compared, 'volumeAttributesClassName', before.volumeAttributesClassName);
  }
  if (!isDeepStrictEqual(compared, kept))
    errors.forbidden(
      'spec',
      `spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n${changedLines(kept, compared, before, spec)}`,
    );
  const size = amountOf(spec.resources?.requests?.storage);
  if (size < amountOf(before.resources?.requests?.storage) && size <= amountOf(old.status?.capacity?.storage))
    errors.forbidden(SIZE, 'field can not be less than status.capacity');
  if (spec.volumeMode !== before.volumeMode) errors.invalid('volumeMode', spec.volumeMode ?? null, 'field is immutable');
  if (spec.volumeAttributesClassName === before.volumeAttributesClassName || old.status?.currentVolumeAttributesClassName === undefined) return;
  if (!spec.volumeAttributesClassName) {
    const what = spec.volumeAttributesClassName === undefined ? 'nil' : 'empty string';
    errors.forbidden(ATTRIBUTES, `update to ${what} is forbidden when status.currentVolumeAttributesClassName is not nil`);
  }
}

function amounts({ resources }: V1PersistentVolumeClaimSpec) {
  return { requests: plainAmounts(resources?.requests), limits: plainAmounts(resources?.limits) };
}

function assign<K extends 'volumeName' | 'storageClassName' | 'volumeAttributesClassName'>(
  spec: Pick<V1PersistentVolumeClaimSpec, K>,
  field: K,
  value: V1PersistentVolumeClaimSpec[K],
): void {
  if (value === undefined) delete spec[field];
  else spec[field] = value;
}

/** A class may be filled in where there was none, or take over from the annotation of former times. */
function settleClass(errors: FieldErrors, claim: V1PersistentVolumeClaim, old: V1PersistentVolumeClaim, compared: V1PersistentVolumeClaimSpec): void {
  const [noted, was] = [claim.metadata.annotations?.[CLASS_ANNOTATION], old.metadata.annotations?.[CLASS_ANNOTATION]];
  const now = claim.spec?.storageClassName;
  const wasNone = old.spec?.storageClassName === undefined;
  const takesOver = was !== undefined && wasNone && now === was && (noted === undefined || noted === was);
  if (!takesOver && noted !== was) errors.invalid(`metadata.annotations.${CLASS_ANNOTATION}`, noted ?? '', 'field is immutable');
  if (takesOver || (now !== undefined && wasNone && (was === undefined || now === was))) delete compared.storageClassName;
}

/** The rules of a claim's status. */
export function checkClaimStatus(errors: FieldErrors, { spec, status }: V1PersistentVolumeClaim): void {
  if (!spec?.accessModes?.length) errors.required('Spec.accessModes');
  for (const [name, amount] of Object.entries(status?.capacity ?? {})) checkAmount(errors, `status.capacity[${name}]`, amount);
  for (const [name, state] of Object.entries(status?.allocatedResourceStatuses ?? {})) {
    checkResource(errors, 'status.allocatedResourceStatuses', name);
    if (!RESIZES.includes(state)) errors.notSupported('status.allocatedResourceStatuses', name, RESIZES);
  }
  for (const [name, amount] of Object.entries(status?.allocatedResources ?? {})) {
    if (!checkResource(errors, 'status.allocatedResources', name)) continue;
    const field = `status.allocatedResources[${name}]`;
    if (checkAmount(errors, field, amount) && amountOf(amount) % 1000n !== 0n) errors.invalid(field, amount, 'must be an integer');
  }
}

function checkAmount(errors: FieldErrors, field: string, amount: string): boolean {
  if (amountOf(amount) >= 0n) return true;
  errors.invalid(field, Number(amountOf(amount) / 1000n), 'must be a valid resource quantity');
  return false;
}

function checkResource(errors: FieldErrors, field: string, name: string): boolean {
  const wrong = qualifiedName(name).length > 0;
  checkText(errors, field, name, qualifiedName);
  const isNative = !name.includes('/') || name.includes('kubernetes.io/');
  if (wrong || !isNative || name === 'storage') return !wrong;
  errors.notSupported(field, name, ['storage']);
  return false;
}
