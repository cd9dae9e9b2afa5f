import type { V1PersistentVolumeClaimSpec, V1TypedLocalObjectReference, V1TypedObjectReference } from '../generated/types.ts';
import { isQuantity, parseQuantity } from '../quantity.ts';
import { checkChoice } from './choices.ts';
import type { FieldErrors } from './field-errors.ts';
import { sameContent } from './same.ts';
import { checkLabelSelector } from './selector-rules.ts';
import { checkText, dnsLabel, dnsSubdomain } from './text-formats.ts';

export const VOLUME_MODES = ['Block', 'Filesystem'];
const ACCESS_MODES = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];

/** In which ways a volume may be mounted. */
export function checkAccessModes(errors: FieldErrors, field: string, modes: readonly string[] = [], why = ''): void {
  if (modes.length === 0) errors.required(field, why);
  for (const mode of modes) if (!ACCESS_MODES.includes(mode)) errors.notSupported(field, mode, ACCESS_MODES);
  if (modes.includes('ReadWriteOncePod') && modes.some((mode) => mode !== 'ReadWriteOncePod' && ACCESS_MODES.includes(mode)))
    errors.forbidden(field, 'may not use ReadWriteOncePod with other access modes');
}

/** What the writer of a claim should know: a part of a byte is no size. */
export function claimWarnings(path: string, spec: V1PersistentVolumeClaimSpec | undefined): readonly string[] {
  return (['requests', 'limits'] as const).flatMap((which) => {
    const size = spec?.resources?.[which]?.storage;
    const isFraction = size !== undefined && isQuantity(size) && parseQuantity(size) % 1000n !== 0n;
    return isFraction ? [`${path}.resources.${which}[storage]: fractional byte value ${JSON.stringify(size)} is invalid, must be an integer`] : [];
  });
}

/** What a claim of storage asks for: as an object of its own, or in a Pod's volume or a StatefulSet. */
export function checkClaimSpec(errors: FieldErrors, path: string, spec: V1PersistentVolumeClaimSpec): void {
  checkAccessModes(errors, `${path}.accessModes`, spec.accessModes, 'at least 1 access mode is required');
  if (spec.selector !== undefined) checkLabelSelector(errors, `${path}.selector`, spec.selector);
  checkSize(errors, `${path}.resources[storage]`, spec.resources?.requests?.storage);
  if (spec.storageClassName) checkText(errors, `${path}.storageClassName`, spec.storageClassName, dnsSubdomain);
  checkChoice(errors, `${path}.volumeMode`, spec.volumeMode, VOLUME_MODES, false);
  checkSources(errors, path, spec);
  if (spec.volumeAttributesClassName) checkText(errors, `${path}.volumeAttributesClassName`, spec.volumeAttributesClassName, dnsSubdomain);
}

function checkSize(errors: FieldErrors, field: string, size: string | undefined): void {
  if (size === undefined) return errors.required(field);
  if (!isQuantity(size) || parseQuantity(size) <= 0n) errors.invalid(field, size, 'must be greater than zero');
}

function checkSources(errors: FieldErrors, path: string, { dataSource, dataSourceRef }: V1PersistentVolumeClaimSpec): void {
  if (dataSource) checkSource(errors, `${path}.dataSource`, dataSource);
  if (dataSourceRef) checkSource(errors, `${path}.dataSourceRef`, dataSourceRef);
  if (dataSourceRef?.namespace) checkText(errors, `${path}.dataSourceRef.namespace`, dataSourceRef.namespace, dnsLabel);
  if (!dataSource || !dataSourceRef) return;
  // Kubernetes shows the field's own path here, which has nothing to show.
  if (dataSourceRef.namespace) errors.invalid(path, {}, 'may not be specified when dataSourceRef.namespace is specified');
  else {
    const { namespace: _, ...reference } = dataSourceRef;
    if (!sameContent(dataSource, reference)) errors.invalid(path, {}, 'must match dataSourceRef');
  }
}

function checkSource(errors: FieldErrors, path: string, { apiGroup = '', kind = '', name }: V1TypedLocalObjectReference | V1TypedObjectReference): void {
  if (!name) errors.required(`${path}.name`);
  if (!kind) errors.required(`${path}.kind`);
  if (apiGroup !== '') checkText(errors, `${path}.apiGroup`, apiGroup, dnsSubdomain);
  else if (kind !== 'PersistentVolumeClaim') errors.invalid(path, kind, "must be 'PersistentVolumeClaim' when referencing the default apiGroup");
}
